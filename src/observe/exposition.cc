// The metrics page. Each family is a row of a table that names the counter it reads, so that a new
// counter is one line here and one in docs/metrics.md. Control thread; no state.
#include "ringway/observe/exposition.h"

#include <fmt/format.h>

#include <initializer_list>
#include <iterator>
#include <utility>

namespace ringway::observe {
namespace {

enum class Type : std::uint8_t { counter, gauge, histogram };

struct Family {
    const char* name;
    Type type;
    const char* help;
};

template <class Owner>
struct Row {
    Family family;
    Counter Owner::* counter;
};

constexpr Row<ShardCounters> kShardRows[] = {
    {{"ringway_shard_turns_total", Type::counter, "Passes of the shard's event loop."},
     &ShardCounters::turns},
    {{"ringway_shard_completions_total", Type::counter, "Kernel completions handled."},
     &ShardCounters::completions},
    {{"ringway_shard_exchanges_total", Type::counter,
      "Requests taken up, whatever became of them."},
     &ShardCounters::exchanges},
    {{"ringway_shard_exchanges_active", Type::gauge, "Requests being served now."},
     &ShardCounters::exchanges_active},
    {{"ringway_shard_clients_open", Type::gauge, "Client connections open now."},
     &ShardCounters::clients_open},
    {{"ringway_shard_pipelined_requests_total", Type::counter,
      "Requests that arrived behind an unanswered one on the same connection."},
     &ShardCounters::pipelined_requests},
    {{"ringway_shard_upgrades_total", Type::counter,
      "Exchanges that became a tunnel (WebSocket and other Upgrade)."},
     &ShardCounters::upgrades},
    {{"ringway_shard_spliced_bytes_total", Type::counter,
      "Body bytes moved inside the kernel, never in user space."},
     &ShardCounters::spliced_bytes},
    {{"ringway_shard_buffers_exhausted_total", Type::counter,
      "Receives that had to wait because every receive buffer was in use."},
     &ShardCounters::buffers_exhausted},
    {{"ringway_shard_partial_sends_total", Type::counter,
      "Sends of which the kernel took only a part."},
     &ShardCounters::sends_partial},
    {{"ringway_shard_client_aborts_total", Type::counter,
      "Exchanges whose client left before the response was whole."},
     &ShardCounters::client_aborts},
    {{"ringway_shard_access_records_total", Type::counter,
      "Access log records handed to the log writer."},
     &ShardCounters::access_records},
    {{"ringway_shard_access_records_dropped_total", Type::counter,
      "Access log records dropped because the log writer was behind."},
     &ShardCounters::access_records_dropped},
};

constexpr Row<ListenerCounters> kListenerRows[] = {
    {{"ringway_listener_connections_accepted_total", Type::counter, "Client connections accepted."},
     &ListenerCounters::connections_accepted},
    {{"ringway_listener_connections_refused_total", Type::counter,
      "Client connections closed at once by a connection limit."},
     &ListenerCounters::connections_refused},
    {{"ringway_listener_connections_open", Type::gauge, "Client connections open now."},
     &ListenerCounters::connections_open},
    {{"ringway_listener_requests_total", Type::counter, "Requests received."},
     &ListenerCounters::requests},
    {{"ringway_listener_received_bytes_total", Type::counter, "Bytes received from clients."},
     &ListenerCounters::bytes_in},
    {{"ringway_listener_sent_bytes_total", Type::counter, "Bytes sent to clients."},
     &ListenerCounters::bytes_out},
};

constexpr Row<PoolCounters> kPoolRows[] = {
    {{"ringway_pool_requests_total", Type::counter,
      "Requests routed to the pool, each counted once whatever its retries."},
     &PoolCounters::requests},
    {{"ringway_pool_retries_total", Type::counter, "Repeated sends of a request."},
     &PoolCounters::retries},
    {{"ringway_pool_retries_exhausted_total", Type::counter,
      "Requests that failed with no attempt or budget left."},
     &PoolCounters::retries_exhausted},
    {{"ringway_pool_no_upstream_total", Type::counter,
      "Requests for which no upstream was eligible."},
     &PoolCounters::no_upstream},
};

constexpr Row<UpstreamCounters> kUpstreamRows[] = {
    {{"ringway_upstream_requests_total", Type::counter, "Requests sent, retries included."},
     &UpstreamCounters::requests},
    {{"ringway_upstream_requests_in_flight", Type::gauge, "Requests waiting for their response."},
     &UpstreamCounters::in_flight},
    {{"ringway_upstream_connections_open", Type::gauge,
      "Connections open now, idle ones included."},
     &UpstreamCounters::connections_open},
    {{"ringway_upstream_connections_idle", Type::gauge, "Connections waiting for a request."},
     &UpstreamCounters::connections_idle},
    {{"ringway_upstream_connects_total", Type::counter, "Connections asked for."},
     &UpstreamCounters::connects},
    {{"ringway_upstream_connect_failures_total", Type::counter,
      "Connections refused, unreachable or too slow."},
     &UpstreamCounters::connect_failures},
    {{"ringway_upstream_connections_reused_total", Type::counter,
      "Requests sent on a connection that had served another."},
     &UpstreamCounters::connects_reused},
    {{"ringway_upstream_resets_total", Type::counter,
      "Connections that the upstream broke during a request."},
     &UpstreamCounters::resets},
    {{"ringway_upstream_timeouts_total", Type::counter, "Requests that the upstream left waiting."},
     &UpstreamCounters::timeouts},
    {{"ringway_upstream_malformed_total", Type::counter,
      "Responses refused because they break the protocol."},
     &UpstreamCounters::malformed},
    {{"ringway_upstream_idle_closed_total", Type::counter,
      "Idle connections that the upstream closed."},
     &UpstreamCounters::idle_closed},
    {{"ringway_upstream_sent_bytes_total", Type::counter, "Bytes sent to the upstream."},
     &UpstreamCounters::bytes_sent},
    {{"ringway_upstream_received_bytes_total", Type::counter, "Bytes received from the upstream."},
     &UpstreamCounters::bytes_received},
};

/// Upper bounds of the histogram buckets, in ns and as the `le` label.
constexpr std::pair<std::uint64_t, const char*> kBounds[] = {
    {500'000, "0.0005"},   {1'000'000, "0.001"},   {2'500'000, "0.0025"},  {5'000'000, "0.005"},
    {10'000'000, "0.01"},  {25'000'000, "0.025"},  {50'000'000, "0.05"},   {100'000'000, "0.1"},
    {250'000'000, "0.25"}, {500'000'000, "0.5"},   {1'000'000'000, "1"},   {2'500'000'000, "2.5"},
    {5'000'000'000, "5"},  {10'000'000'000, "10"}, {30'000'000'000, "30"}, {60'000'000'000, "60"},
};

constexpr const char* kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

/// The text so far. Labels are a ready string `a="x",b="y"`, made once for each owner.
class Page {
 public:
    void family(const Family& family) {
        static constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
        fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name,
                       family.help, kTypes[static_cast<std::size_t>(family.type)]);
        name_ = family.name;
    }

    template <class Number>
    void sample(std::string_view labels, Number value) {
        if (labels.empty()) {
            fmt::format_to(std::back_inserter(text_), "{} {}\n", name_, value);
        } else {
            fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name_, labels, value);
        }
    }

    template <class Number>
    void single(const Family& of, Number value) {
        family(of);
        sample("", value);
    }

    void histogram(std::string_view labels, const HistogramSum& sum) {
        const auto out = std::back_inserter(text_);
        for (const auto& [ns, le] : kBounds) {
            fmt::format_to(out, "{}_bucket{{{},le=\"{}\"}} {}\n", name_, labels, le,
                           sum.count_below(ns));
        }
        fmt::format_to(out, "{}_bucket{{{},le=\"+Inf\"}} {}\n", name_, labels, sum.count());
        fmt::format_to(out, "{}_sum{{{}}} {}\n", name_, labels,
                       static_cast<double>(sum.sum_ns()) / 1e9);
        fmt::format_to(out, "{}_count{{{}}} {}\n", name_, labels, sum.count());
    }

    std::string take() { return std::move(text_); }

 private:
    std::string text_;
    const char* name_ = "";
};

using Shards = std::span<const ShardCounters* const>;

/// Writes the families of things that every shard counts: `labels` has one entry for each thing,
/// and at(shard, i) is the counters of thing i in a shard.
template <class Owner, class At>
class Summed {
 public:
    Summed(Page& page, Shards shards, const std::vector<std::string>& labels, At at)
        : page_(page), shards_(shards), labels_(labels), at_(at) {}

    template <class Rows>
    void counters(const Rows& rows) {
        for (const auto& row : rows) {
            page_.family(row.family);
            for (std::size_t i = 0; i < labels_.size(); ++i) {
                std::uint64_t sum = 0;
                for (const ShardCounters* shard : shards_)
                    sum += (at_(*shard, i).*row.counter).get();
                page_.sample(labels_[i], sum);
            }
        }
    }

    void responses(const Family& family) {
        page_.family(family);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            for (std::size_t status_class = 0; status_class < std::size(kClasses); ++status_class) {
                std::uint64_t sum = 0;
                for (const ShardCounters* shard : shards_) {
                    sum += at_(*shard, i).responses_by_class[status_class].get();
                }
                page_.sample(fmt::format("{},class=\"{}\"", labels_[i], kClasses[status_class]),
                             sum);
            }
        }
    }

    void histogram(const Family& family, Histogram Owner::* member) {
        page_.family(family);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            HistogramSum sum;
            for (const ShardCounters* shard : shards_) sum.add(at_(*shard, i).*member);
            page_.histogram(labels_[i], sum);
        }
    }

 private:
    Page& page_;
    Shards shards_;
    const std::vector<std::string>& labels_;
    At at_;
};

template <class Owner, class At>
Summed<Owner, At> summed(Page& page, Shards shards, const std::vector<std::string>& labels, At at) {
    return {page, shards, labels, at};
}

template <class List>
std::vector<std::string> labels_of(const char* label, const List& list) {
    std::vector<std::string> labels;
    labels.reserve(list.size());
    for (const auto& element : list) {
        labels.push_back(fmt::format("{}=\"{}\"", label, escaped(element.name)));
    }
    return labels;
}

void process_families(Page& page, const ProcessFacts& facts) {
    page.family({"ringway_build_info", Type::gauge, "Always 1; the label tells the version."});
    page.sample(fmt::format("version=\"{}\"", escaped(facts.version)), 1);
    page.single({"ringway_draining", Type::gauge,
                 "1 while the process ends and takes no new connections, else 0."},
                facts.draining ? 1 : 0);
    page.single({"process_start_time_seconds", Type::gauge,
                 "Start of the process, in seconds since the Unix epoch."},
                facts.started_unix_seconds);
    page.single({"process_cpu_seconds_total", Type::counter, "CPU time used, user and system."},
                facts.cpu_seconds);
    page.single({"process_resident_memory_bytes", Type::gauge, "Memory of the process in RAM."},
                facts.resident_bytes);
    page.single({"process_open_fds", Type::gauge,
                 "Open file descriptors (direct descriptors of the rings are not among them)."},
                facts.open_descriptors);
    page.single({"process_max_fds", Type::gauge, "Limit of open file descriptors."},
                facts.descriptors_max);
    page.single({"ringway_access_log_lines_total", Type::counter, "Access log lines written."},
                facts.access_lines);
    page.single({"ringway_access_log_lines_lost_total", Type::counter,
                 "Access log lines that could not be written."},
                facts.access_lines_lost);
    page.single({"ringway_access_log_write_failures_total", Type::counter,
                 "Failed writes to the access log."},
                facts.access_write_failures);
    page.single({"ringway_name_lookups_total", Type::counter,
                 "Look-ups of upstream names, failed ones included."},
                facts.name_lookups);
    page.single({"ringway_name_lookup_failures_total", Type::counter,
                 "Look-ups of upstream names that failed; the last good answer stays in use."},
                facts.name_lookup_failures);
    page.single(
        {"ringway_admin_requests_total", Type::counter, "Requests answered by the admin listener."},
        facts.admin_requests);
}

void shard_families(Page& page, Shards shards) {
    for (const auto& row : kShardRows) {
        page.family(row.family);
        for (std::size_t i = 0; i < shards.size(); ++i) {
            page.sample(fmt::format("shard=\"{}\"", i), (shards[i]->*row.counter).get());
        }
    }
    page.family({"ringway_copied_bytes_total", Type::counter,
                 "Message bytes copied in user space, by reason."});
    for (std::size_t reason = 0; reason < kCopyReasons; ++reason) {
        std::uint64_t sum = 0;
        for (const ShardCounters* shard : shards) sum += shard->copied_bytes[reason].get();
        const char* name = name_of(static_cast<CopyReason>(reason));
        page.sample(fmt::format("reason=\"{}\"", name), sum);
    }
    page.family({"ringway_refused_total", Type::counter,
                 "Requests and connections refused or cut by ringway itself, by reason."});
    for (std::size_t reason = 0; reason < kRefusals; ++reason) {
        std::uint64_t sum = 0;
        for (const ShardCounters* shard : shards) sum += shard->refusals[reason].get();
        const char* name = name_of(static_cast<Refusal>(reason));
        page.sample(fmt::format("reason=\"{}\"", name), sum);
    }
}

void listener_and_route_families(Page& page, const Exposition& sources) {
    const auto listeners = labels_of("listener", sources.config.listeners);
    summed<ListenerCounters>(
        page, sources.shards, listeners,
        [](const ShardCounters& shard, std::size_t i) -> const auto& { return shard.listeners[i]; })
        .counters(kListenerRows);

    const auto routes = labels_of("route", sources.config.routes);
    auto of_routes = summed<RouteCounters>(
        page, sources.shards, routes,
        [](const ShardCounters& shard, std::size_t i) -> const auto& { return shard.routes[i]; });
    of_routes.responses({"ringway_route_responses_total", Type::counter,
                         "Responses of the route by class; none: no response could be sent."});
    of_routes.histogram({"ringway_route_request_duration_seconds", Type::histogram,
                         "From the whole request head to the last byte of the response."},
                        &RouteCounters::latency);
}

void pool_families(Page& page, const Exposition& sources) {
    const auto pools = labels_of("pool", sources.config.pools);
    auto of_pools = summed<PoolCounters>(
        page, sources.shards, pools,
        [](const ShardCounters& shard, std::size_t i) -> const auto& { return shard.pools[i]; });
    of_pools.counters(kPoolRows);
    of_pools.responses({"ringway_pool_responses_total", Type::counter,
                        "Responses to clients by class; none: no response could be sent."});
    of_pools.histogram(
        {"ringway_pool_request_duration_seconds", Type::histogram,
         "From the whole request head to the last byte of the response, retries included."},
        &PoolCounters::latency);
}

void upstream_families(Page& page, const Exposition& sources) {
    std::vector<std::string> labels;
    std::vector<std::pair<std::size_t, std::size_t>> places;
    for (std::size_t pool = 0; pool < sources.config.pools.size(); ++pool) {
        const auto& owner = sources.config.pools[pool];
        for (std::size_t upstream = 0; upstream < owner.upstreams.size(); ++upstream) {
            labels.push_back(fmt::format("pool=\"{}\",upstream=\"{}\"", escaped(owner.name),
                                         escaped(owner.upstreams[upstream].name)));
            places.emplace_back(pool, upstream);
        }
    }
    auto of_upstreams = summed<UpstreamCounters>(
        page, sources.shards, labels,
        [&places](const ShardCounters& shard, std::size_t i) -> const auto& {
            return shard.upstreams[places[i].first][places[i].second];
        });
    of_upstreams.counters(kUpstreamRows);
    of_upstreams.responses(
        {"ringway_upstream_responses_total", Type::counter,
         "Responses of the upstream by class; none: the request failed without one."});
    of_upstreams.histogram({"ringway_upstream_first_byte_seconds", Type::histogram,
                            "From the request handed to the kernel to the head of the response."},
                           &UpstreamCounters::first_byte);

    const auto gauge = [&](const Family& family, auto value) {
        page.family(family);
        for (std::size_t i = 0; i < places.size(); ++i) {
            page.sample(labels[i],
                        value(sources.view.pools[places[i].first]->upstreams[places[i].second]));
        }
    };
    gauge({"ringway_upstream_eligible", Type::gauge,
           "1 when the upstream may be picked now, else 0."},
          [](const cluster::UpstreamView& view) { return view.eligible ? 1 : 0; });
    gauge({"ringway_upstream_weight", Type::gauge, "Relative weight within the pool."},
          [](const cluster::UpstreamView& view) { return view.weight; });
    gauge({"ringway_upstream_addresses", Type::gauge,
           "Addresses known; 0 until its name was resolved."},
          [](const cluster::UpstreamView& view) { return view.addresses.size(); });
}

}  // namespace

std::string exposition_text(const Exposition& sources) {
    Page page;
    process_families(page, sources.process);
    shard_families(page, sources.shards);
    listener_and_route_families(page, sources);
    pool_families(page, sources);
    upstream_families(page, sources);
    return page.take();
}

}  // namespace ringway::observe
