// ringway: the command line.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "process.h"
#include "ringway/config/load.h"
#include "ringway/ring/kernel_features.h"

namespace {

using namespace ringway;

int print_version() {
    std::printf("ringway %s (%s, built with %s)\n", RINGWAY_VERSION,
                sizeof(void*) == 8 ? "64 bit" : "32 bit", __VERSION__);
    const auto features = ring::probe_kernel_features();
    if (!features) return fail(features.error());
    std::printf("kernel features:\n");
    for (const ring::FeatureLine& line : ring::feature_lines()) {
        const bool has = (*features).*line.member;
        std::printf("  %-18s %-3s (since Linux %s)\n", std::string(line.name).c_str(),
                    has ? "yes" : "no", std::string(line.since).c_str());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("ringway, a layer-7 load balancer on io_uring");
    std::string file;
    bool check = false;
    bool version = false;
    app.add_option("-c,--config", file, "configuration file (TOML)");
    app.add_flag("-t,--test", check, "check the configuration file and exit");
    app.add_flag("-V,--version", version, "print version, build and kernel features, and exit");
    CLI11_PARSE(app, argc, argv);
    if (version) return print_version();
    if (file.empty()) return fail("no configuration file: give one with -c FILE");

    const config::Machine machine = config::this_machine();
    const auto config = config::load(file, machine);
    if (!config) {
        for (const config::Error& error : config.error())
            std::fprintf(stderr, "%s\n", error.text().c_str());
        tell_predecessor(config.error().front().text());
        return 1;
    }
    bool names_known = true;
    for (const config::Shard& shard : config->shards) {
        for (const std::string& complaint : ring::unknown_features(shard.kernel_features_off)) {
            names_known = false;
            fail(file + ": `kernel_features_off`: " + complaint);
        }
    }
    if (!names_known) return 1;
    if (check) {
        std::printf("%s: ok\n", file.c_str());
        return 0;
    }
    const auto features = ring::probe_kernel_features();
    if (!features) return fail(features.error());
    return run_process(*config, machine, *features);
}
