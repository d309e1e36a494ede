// The families of pools and of upstreams. Internal to observe/.
#pragma once

#include "metrics_page.h"
#include "ringway/observe/exposition.h"

namespace ringway::observe {

void pool_families(Page& page, const Exposition& sources);
void upstream_families(Page& page, const Exposition& sources);

}  // namespace ringway::observe
