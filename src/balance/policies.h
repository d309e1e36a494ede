// The policies, one file each; make_balancer() chooses among them.
#pragma once

#include <memory>

#include "ringway/balance/balance.h"

namespace ringway::balance {

std::unique_ptr<Balancer> make_least_request(const config::Pool& pool);
std::unique_ptr<Balancer> make_maglev(const config::Pool& pool);
std::unique_ptr<Balancer> make_p2c(const config::Pool& pool);
std::unique_ptr<Balancer> make_peak_ewma(const config::Pool& pool);
std::unique_ptr<Balancer> make_random(const config::Pool& pool);
std::unique_ptr<Balancer> make_round_robin(const config::Pool& pool);

}  // namespace ringway::balance
