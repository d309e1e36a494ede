#include "exposition_checker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>

namespace ringway::observe {
namespace {

using Labels = std::map<std::string, std::string>;

bool is_name(std::string_view text, bool colon_allowed) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || (c == ':' && colon_allowed);
    });
}

/// One sample line taken apart.
struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
};

/// Reads `name="value",...}` after the opening brace; the position behind the closing one, or npos.
std::size_t read_labels(std::string_view line, std::size_t at, Labels& labels) {
    while (true) {
        const std::size_t equals = line.find('=', at);
        if (equals == std::string_view::npos || line.substr(equals, 2) != "=\"")
            return std::string::npos;
        const std::string name(line.substr(at, equals - at));
        if (!is_name(name, false) || name.starts_with("__")) return std::string::npos;
        std::string value;
        for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
            if (line[at] != '\\') {
                value += line[at];
                continue;
            }
            if (++at == line.size()) return std::string::npos;
            if (line[at] != '\\' && line[at] != '"' && line[at] != 'n') return std::string::npos;
            value += line[at] == 'n' ? '\n' : line[at];
        }
        if (at == line.size() || !labels.emplace(name, value).second) return std::string::npos;
        ++at;
        if (at == line.size()) return std::string::npos;
        if (line[at] == '}') return at + 1;
        if (line[at] != ',') return std::string::npos;
        ++at;
    }
}

std::optional<Sample> read_sample(std::string_view line) {
    Sample sample;
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string_view::npos) return {};
    sample.name = line.substr(0, name_end);
    if (!is_name(sample.name, true)) return {};
    std::size_t at = name_end;
    if (line[at] == '{') {
        at = read_labels(line, at + 1, sample.labels);
        if (at == std::string::npos || at >= line.size()) return {};
    }
    if (line[at] != ' ') return {};
    const std::string number(line.substr(at + 1));
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (number.empty() || number[0] == ' ' || *end != '\0') return {};
    return sample;
}

class Checker {
 public:
    explicit Checker(std::string_view text) {
        if (text.empty() || text.back() != '\n') {
            fail("the text does not end with a newline");
            return;
        }
        while (!text.empty() && !result_.error) {
            const std::size_t end = text.find('\n');
            line_ = text.substr(0, end);
            text.remove_prefix(end + 1);
            take_line();
        }
        if (!result_.error) close_family();
    }

    CheckedExposition take() { return std::move(result_); }

 private:
    /// A histogram series under construction.
    struct Series {
        double le = -std::numeric_limits<double>::infinity();
        double cumulative = 0;
        bool has_sum = false;
        std::optional<double> count;
    };

    void fail(const std::string& what) {
        if (!result_.error) result_.error = what + ": " + std::string(line_);
    }

    void take_line() {
        if (line_.starts_with("# HELP ")) return take_help();
        if (line_.starts_with("# TYPE ")) return take_type();
        if (line_.empty() || line_[0] == '#') return fail("neither HELP, TYPE nor a sample");
        const auto sample = read_sample(line_);
        if (!sample) return fail("malformed sample");
        if (!current_) return fail("sample without a family");
        if (!lines_.emplace(sample->name, sample->labels).second) return fail("repeated sample");
        take_sample(*sample);
    }

    void take_help() {
        close_family();
        const std::string_view rest = line_.substr(7);
        const std::size_t space = rest.find(' ');
        if (space == std::string_view::npos || space + 1 == rest.size())
            return fail("no help text");
        name_ = rest.substr(0, space);
        if (!is_name(name_, false)) return fail("bad family name");
        if (name_ != lower(name_)) return fail("upper case in a name");
        if (result_.families.contains(name_)) return fail("family not in one piece");
        current_ = &result_.families[name_];
        current_->help = rest.substr(space + 1);
    }

    void take_type() {
        const std::string_view rest = line_.substr(7);
        const std::size_t space = rest.find(' ');
        if (!current_ || !current_->type.empty() || rest.substr(0, space) != name_) {
            return fail("TYPE without its HELP directly before");
        }
        current_->type = space == std::string_view::npos ? "" : rest.substr(space + 1);
        const bool total = name_.ends_with("_total");
        if (current_->type == "counter" && !total) return fail("counter without _total");
        if (current_->type != "counter" && total) return fail("_total on another type");
        if (current_->type != "counter" && current_->type != "gauge" &&
            current_->type != "histogram") {
            return fail("unknown type");
        }
        for (const char* unit :
             {"milliseconds", "_ms", "_us", "_ns", "_sec", "kilobytes", "_kb", "minutes"}) {
            if (name_.find(unit) != std::string::npos &&
                name_.find("_seconds") == std::string::npos) {
                return fail("not a base unit");
            }
        }
    }

    void take_sample(const Sample& sample) {
        if (current_->type.empty()) return fail("sample before TYPE");
        Labels labels = sample.labels;
        labels.erase("le");
        std::vector<std::string> names;
        for (const auto& [name, value] : labels) names.push_back(name);
        if (current_->samples.empty() && series_.empty()) current_->label_names = names;
        if (names != current_->label_names) return fail("samples with different labels");
        if (current_->type == "histogram") return take_histogram_sample(sample, labels);
        if (sample.name != name_) return fail("sample of another family");
        if (sample.labels.contains("le")) return fail("le outside a histogram");
        if (current_->type == "counter" && sample.value < 0) return fail("negative counter");
        current_->samples[labels] = sample.value;
    }

    void take_histogram_sample(const Sample& sample, const Labels& labels) {
        Series& series = series_[labels];
        if (sample.name == name_ + "_bucket") {
            const auto le = sample.labels.find("le");
            if (le == sample.labels.end()) return fail("bucket without le");
            const double bound = le->second == "+Inf" ? std::numeric_limits<double>::infinity()
                                                      : std::atof(le->second.c_str());
            if (bound <= series.le) return fail("le does not grow");
            if (sample.value < series.cumulative) return fail("buckets are not cumulative");
            series.le = bound;
            series.cumulative = sample.value;
        } else if (sample.name == name_ + "_sum") {
            series.has_sum = true;
        } else if (sample.name == name_ + "_count") {
            series.count = sample.value;
        } else {
            fail("sample of another family");
        }
    }

    void close_family() {
        if (!current_) return;
        if (current_->type.empty()) return fail("HELP without TYPE");
        for (const auto& [labels, series] : series_) {
            if (!std::isinf(series.le)) return fail("histogram without +Inf");
            if (!series.has_sum || !series.count) return fail("histogram without _sum or _count");
            if (*series.count != series.cumulative) return fail("_count is not the +Inf bucket");
            current_->samples[labels] = *series.count;
        }
        series_.clear();
        current_ = nullptr;
    }

    static std::string lower(std::string text) {
        for (char& c : text) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        return text;
    }

    CheckedExposition result_;
    std::string_view line_;
    std::string name_;
    CheckedFamily* current_ = nullptr;
    std::map<Labels, Series> series_;
    std::set<std::pair<std::string, Labels>> lines_;
};

}  // namespace

std::optional<double> CheckedExposition::value(const std::string& family,
                                               const Labels& labels) const {
    const auto found = families.find(family);
    if (found == families.end()) return {};
    const auto sample = found->second.samples.find(labels);
    if (sample == found->second.samples.end()) return {};
    return sample->second;
}

CheckedExposition check_exposition(std::string_view text) { return Checker(text).take(); }

}  // namespace ringway::observe
