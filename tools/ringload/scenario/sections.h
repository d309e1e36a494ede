// The sections of a scenario file.
#pragma once

#include <vector>

#include "ringway/config/section.h"
#include "scenario/scenario.h"

namespace ringload {

const ringway::config::Section<LoadSettings>& load_section();
const ringway::config::Section<Programs>& programs_section();
const ringway::config::Section<ProxyPlan>& proxy_section();
const ringway::config::Section<WatchSettings>& watch_section();

/// [[origin]], [faults] and [[fault]]. Faults are read after origins, whose names they have, and
/// after [faults], whose times are their defaults.
void read_origins(ringway::config::Reading& reading, const ringway::config::Rule& rule,
                  const toml::node& node, Scenario& scenario);
void read_faults(ringway::config::Reading& reading, const ringway::config::Rule& rule,
                 const toml::node& node, Scenario& scenario);
const ringway::config::Section<FaultTimes>& fault_times_section();
void describe_faults(std::vector<ringway::config::SectionText>& out);

/// The whole file.
const ringway::config::Section<Scenario>& scenario_section();
const std::vector<ringway::config::SectionText>& scenario_sections();

}  // namespace ringload
