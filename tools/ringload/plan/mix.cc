#include "plan/mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "plan/request.h"
#include "ringway/config/section.h"
#include "ringway/config/toml_file.h"

namespace ringload {

namespace base = ringway::base;
namespace config = ringway::config;

using config::Given;
using config::Reading;
using config::Rule;
using config::shown;

namespace {

constexpr std::string_view kHeading = "[[request]]";
constexpr std::size_t kKindsMax = 1024;
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kStatusesMax = 32;
constexpr std::size_t kBodiesBytesMax = 256 << 20;  // of all requests together

/// A request as the file has it.
struct Form {
    RequestKind kind;
    std::string body_file;
    Duration timeout{0};

    Form() { kind.method.clear(); }  // it depends on the body
};

void read_headers(Reading& reading, const Rule& rule, const toml::node& node, Form& form) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return reading.complain(
            node, fmt::format("`{}`: expected {}, as {{ Accept = \"text/html\" }}, found {}",
                              rule.name, rule.shape, config::type_found(node)));
    }
    if (table->size() > kHeadersMax) {
        return reading.complain(node, fmt::format("`{}`: {} fields; write at most {}", rule.name,
                                                  table->size(), kHeadersMax));
    }
    for (const auto& [key, value] : *table) {
        const std::string name(key.str());
        if (const auto complaint = check_field_name(name)) {
            reading.errors.add(config::place_of(key),
                               fmt::format("`{}`: \"{}\" {}", rule.name, shown(name), *complaint));
            continue;
        }
        const auto* text = value.as_string();
        if (text == nullptr) {
            reading.complain(value, fmt::format("`{}`: expected a string, found {}", shown(name),
                                                config::type_found(value)));
        } else if (const auto complaint = config::check_header_value(text->get())) {
            reading.complain(value, fmt::format("`{}`: its value {}", shown(name), *complaint));
        } else {
            form.kind.headers.emplace_back(name, text->get());
        }
    }
}

std::optional<StatusRange> read_statuses(const toml::node& node) {
    if (const auto* text = node.as_string()) return parse_statuses(text->get());
    const auto* number = node.as_integer();
    if (number == nullptr) return {};
    return parse_statuses(std::to_string(number->get()));
}

void read_expect(Reading& reading, const Rule& rule, const toml::node& node, Form& form) {
    std::vector<const toml::node*> elements;
    const toml::array* array = node.as_array();
    if (array == nullptr) {
        elements.push_back(&node);
    } else if (array->empty() || array->size() > kStatusesMax) {
        return reading.complain(
            node, fmt::format("`{}`: write 1 to {} statuses, as [\"2xx\", 304]; without "
                              "this key every 2xx and 3xx is expected",
                              rule.name, kStatusesMax));
    } else {
        for (const toml::node& element : *array) elements.push_back(&element);
    }
    form.kind.expected.clear();
    for (const toml::node* element : elements) {
        if (const auto range = read_statuses(*element)) {
            form.kind.expected.push_back(*range);
        } else {
            reading.complain(*element, fmt::format("`{}`: write statuses from 100 to 599, as 200, "
                                                   "\"2xx\" or \"200-204\"",
                                                   rule.name));
        }
    }
}

void read_checksum(Reading& reading, const Rule& rule, const toml::node& node, Form& form) {
    const auto* text = node.as_string();
    if (text == nullptr) {
        return reading.complain(node, fmt::format("`{}`: expected {}, found {}", rule.name,
                                                  rule.shape, config::type_found(node)));
    }
    const auto checksum = parse_checksum(text->get());
    if (!checksum) {
        return reading.complain(
            node, fmt::format("`{}`: \"{}\" {}", rule.name, shown(text->get()), checksum.error()));
    }
    form.kind.checksum = *checksum;
}

/// Relative to the folder of the mix file, so that both can be moved together.
void read_body_file(const Given& given, Form& form) {
    const std::filesystem::path mix(given.reading.errors.file());
    const std::string path = (mix.parent_path() / form.body_file).string();
    auto body = config::read_file(path);
    if (!body) {
        given.complain("body_file", fmt::format("`body_file`: {} {}", shown(path), body.error()));
        return;
    }
    form.kind.body = std::move(*body);
}

void check_request(const Given& given, Form& form) {
    const bool has_file = given.node("body_file") != nullptr;
    if (given.node("body") != nullptr && has_file) {
        given.complain("body_file", "`body_file` is the body and `body` is it too; remove one");
    } else if (has_file && !given.in_doubt("body_file")) {
        read_body_file(given, form);
    }
    if (given.node("timeout") != nullptr) form.kind.timeout = form.timeout;
    const bool has_checksum = form.kind.checksum.kind != BodyChecksum::Kind::none;
    if (has_checksum && form.kind.method == "HEAD") {
        given.complain("checksum",
                       "`checksum`: the answer to a HEAD request has no body; write "
                       "`method = \"GET\"` or remove it");
    }
    complete(form.kind);
}

const config::Section<Form>& request_section() {
    using config::text;
    static const config::Section<Form> section{
        .heading = kHeading,
        .meaning =
            "One kind of request. At least one is needed; each request of the load is one "
            "of them, drawn by their weights.",
        .keys =
            {
                text<&Form::kind, &RequestKind::name>("name", config::check_name,
                                                      "its name in reports; unique in the file")
                    .with_default("method and path"),
                text<&Form::kind, &RequestKind::method>("method", check_method, "in capitals")
                    .with_default("GET, with a body POST"),
                text<&Form::kind, &RequestKind::target>(
                    "path", check_target,
                    "path and query; `{n}` in it becomes the number of the request, so that each "
                    "asks for something else"),
                config::custom<Form>("headers", "a table of headers", read_headers,
                                     "as { Accept = \"text/html\" }; `Host` replaces that of the "
                                     "URL; the length of the body is added")
                    .with_default("{}"),
                text<&Form::kind, &RequestKind::body>(
                    "body", [](std::string_view) { return config::Complaint{}; }, "sent with it"),
                text<&Form::body_file>("body_file", config::check_name,
                                       "a file that is the body instead, relative to the folder "
                                       "of this file; at most 16 MiB")
                    .with_default("none"),
                config::count<&Form::kind, &RequestKind::weight>(
                    "weight", {1, 1'000'000}, "its share relative to the others"),
                config::custom<Form>("expect", "a status or an array of them", read_expect,
                                     "statuses of good answers: `200`, `\"2xx\"`, `\"200-204\"`; "
                                     "any other is the failure `unexpected_status`")
                    .with_default("[\"2xx\", \"3xx\"]"),
                config::custom<Form>(
                    "checksum", "\"field:NAME\", \"fnv1a64:HEX\" or \"crc32:HEX\"", read_checksum,
                    "what the body of the answer must add up to; `field:NAME`: its FNV-1a 64 in "
                    "hexadecimal is in that field of the answer; otherwise the failure is "
                    "`wrong_body`")
                    .with_default("none"),
                config::duration<&Form::timeout>(
                    "timeout",
                    config::between(std::chrono::milliseconds(1), std::chrono::minutes(30)),
                    "from when the request was due to the end of its answer")
                    .with_default("`--timeout`"),
            },
        .check = check_request,
    };
    return section;
}

const std::vector<config::SectionText>& all_sections() {
    static const std::vector<config::SectionText> sections{config::describe(request_section())};
    return sections;
}

/// A name stands for one line of a report.
void check_names(Reading& reading, const std::vector<const toml::table*>& tables) {
    std::vector<std::string> names;
    for (const toml::table* table : tables) {
        const toml::node* node = table->get("name");
        const auto* name = node != nullptr ? node->as_string() : nullptr;
        if (name == nullptr) continue;
        if (std::ranges::find(names, name->get()) != names.end()) {
            reading.complain(*name, fmt::format("`name`: two requests have the name \"{}\"; give "
                                                "one another",
                                                shown(name->get())));
        }
        names.push_back(name->get());
    }
}

std::vector<RequestKind> read_root(Reading& reading, const toml::table& root) {
    const std::vector<std::string> known{"request"};
    bool meant = false;
    for (const auto& [key, node] : root) {
        if (key.str() == "request") continue;
        meant |= !config::complain_unknown(reading, key, "the file", known, {}).empty();
    }
    std::vector<RequestKind> kinds;
    const toml::node* requests = root.get("request");
    const bool none =
        requests == nullptr || (requests->is_array() && requests->as_array()->empty());
    if (none && !meant)
        reading.errors.add({}, "no [[request]]: nothing would be sent; add one with a `path`");
    if (requests == nullptr) return kinds;
    const auto tables = config::tables_of(reading, kHeading, *requests, kKindsMax);
    std::size_t bodies_bytes = 0;
    for (const toml::table* table : tables) {
        Form form;
        config::read_section(reading, request_section(), *table, form);
        bodies_bytes += form.kind.body.size();
        kinds.push_back(std::move(form.kind));
        if (bodies_bytes <= kBodiesBytesMax) continue;
        reading.complain(*table,
                         "the bodies up to here are larger than 256 MiB together; make "
                         "them smaller");
        break;
    }
    check_names(reading, tables);
    return kinds;
}

}  // namespace

std::expected<std::vector<RequestKind>, std::vector<config::Error>> parse_mix(
    std::string_view text, const std::string& file_name) {
    Reading reading(file_name, config::Machine{}, all_sections);
    std::vector<RequestKind> kinds;
    config::parse_toml(text, reading.errors,
                       [&](const toml::table& root) { kinds = read_root(reading, root); });
    if (!reading.errors.empty()) return std::unexpected(reading.errors.take_sorted());
    return kinds;
}

std::expected<std::vector<RequestKind>, std::vector<config::Error>> load_mix(
    const std::string& path) {
    const auto text = config::read_file(path);
    if (!text) return std::unexpected(std::vector<config::Error>{{path, 0, 0, text.error()}});
    return parse_mix(*text, path);
}

std::string mix_reference_markdown() {
    std::string out;
    for (const config::SectionText& section : all_sections())
        out += "#" + config::section_markdown(section);
    return out;
}

}  // namespace ringload
