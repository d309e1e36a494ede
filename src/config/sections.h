// The sections of the file, each with its reader. One source file for each.
#pragma once

#include <toml++/toml.h>

#include <vector>

#include "ringway/config/section.h"

namespace ringway::config {

void read_process(Reading& reading, const toml::node& node, Process& out);
void read_admin(Reading& reading, const toml::node& node, Admin& out);
void read_log(Reading& reading, const toml::node& node, Log& out);
void read_alerts(Reading& reading, const toml::node& node, Alerts& out);
/// `node` may be null: then every shard has the defaults.
void read_shards(Reading& reading, const toml::node* node, std::vector<Shard>& out);
void read_listeners(Reading& reading, const toml::node& node, Config& config);
void read_pools(Reading& reading, const toml::node& node, Config& config);
/// After listeners and pools: it refers to them by name.
void read_routes(Reading& reading, const toml::node& node, Config& config);

/// Tables of a pool.
const Section<Retry>& retry_section();
const Section<Hedge>& hedge_section();
const Section<Queue>& queue_section();
const Section<Breaker>& breaker_section();
const Section<Outlier>& outlier_section();
const Section<Suspicion>& suspicion_section();
const Section<Health>& health_section();
/// What its keys must be to the rest of the pool, once the whole pool was read; fills in what the
/// pool's name is the default of. `node` may be null.
void check_pool_health(Reading& reading, const toml::node* node, Pool& pool);

void describe_general(std::vector<SectionText>& out);
void describe_alerts(std::vector<SectionText>& out);
void describe_shards(std::vector<SectionText>& out);
void describe_listener(std::vector<SectionText>& out);
void describe_route(std::vector<SectionText>& out);
void describe_pool(std::vector<SectionText>& out);
void describe_failover(std::vector<SectionText>& out);
void describe_health(std::vector<SectionText>& out);
void describe_values(std::vector<SectionText>& out);

/// Every section in the order of the reference.
const std::vector<SectionText>& all_sections();

}  // namespace ringway::config
