// Results as CSV (RFC 4180, with bare line feeds). Pure; any thread.
#include <fmt/format.h>

#include <iterator>

#include "report/digest.h"
#include "report/report.h"

namespace ringload {

namespace {

/// A field; in quotes when it would be read as something else.
std::string field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char byte : text) {
        if (byte == '"') out += '"';
        out += byte;
    }
    return out + '"';
}

double in_ms(std::uint64_t ns) { return to_ms(static_cast<double>(ns)); }

/// Microseconds from the begin of the measured time; empty when it did not happen.
std::string moment(std::int64_t ns, const Result& result) {
    if (ns == 0) return {};
    return fmt::format("{:.3f}", static_cast<double>(ns - result.begun_ns) / 1e3);
}

std::string kind_of(const Record& record, const Result& result) {
    const auto& mix = result.plan.mix;
    return record.kind < mix.size() ? field(mix[record.kind].name) : std::string{};
}

std::string origin_of(const Record& record, const Result& result) {
    return record.origin < result.origins.size() ? field(result.origins[record.origin])
                                                 : std::string{};
}

}  // namespace

std::string csv_of(const Result& result) {
    std::string out =
        "at_s,length_s,rate,offered,answered,errors,in_flight,p50_ms,p90_ms,p99_ms,max_ms\n";
    for (const Sample& sample : result.series) {
        fmt::format_to(std::back_inserter(out),
                       "{:.6f},{:.6f},{:.3f},{:.3f},{},{},{},{:.6f},{:.6f},{:.6f},{:.6f}\n",
                       to_seconds(sample.at), to_seconds(sample.length), sample.rate,
                       sample.offered, sample.answered, sample.errors, sample.in_flight,
                       in_ms(sample.p50_ns), in_ms(sample.p90_ns), in_ms(sample.p99_ns),
                       in_ms(sample.max_ns));
    }
    return out;
}

std::string records_csv_of(const Result& result) {
    std::string out =
        "due_us,sent_us,first_byte_us,done_us,connection,kind,status,failure,aborted,origin\n";
    for (const Record& record : result.records) {
        fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{}\n",
                       moment(record.due_ns, result), moment(record.sent_ns, result),
                       moment(record.first_byte_ns, result), moment(record.done_ns, result),
                       record.connection, kind_of(record, result),
                       record.status == 0 ? "" : std::to_string(record.status),
                       name_of(record.failure), record.aborted ? 1 : 0, origin_of(record, result));
    }
    return out;
}

}  // namespace ringload
