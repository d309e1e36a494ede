#include "desk.h"

namespace ringway::health {

namespace {

config::HealthCheck plain_connect() {
    config::HealthCheck check;
    check.name = "connect";
    check.kind = config::CheckKind::tcp;
    check.interval = check.fast_interval;
    check.timeout = check.fast_interval;
    check.rise = 1;
    return check;
}

}  // namespace

Desk::Desk(const MonitorParts& parts_in, ViewReader& reader_in, Suspects& suspects_in)
    : parts(parts_in),
      reader(reader_in),
      suspects(suspects_in),
      prng(parts_in.seed + parts_in.shard_index),
      plain(plain_connect()) {
    adopt(*parts.board.read());
}

void Desk::adopt(const cluster::View& view) {
    config = view.config;
    seen = &view;
    identities.resize(config->pools.size());
    for (std::size_t i = 0; i < identities.size(); ++i) {
        const config::Pool& pool = config->pools[i];
        identities[i] = {
            .instance_id = parts.instance_id,
            .app_name = pool.health.app_name.empty() ? pool.name : pool.health.app_name,
            .unix_offset_ns = parts.unix_offset_ns};
    }
}

}  // namespace ringway::health
