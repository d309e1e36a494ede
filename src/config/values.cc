#include "values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "ringway/base/suggest.h"
#include "sections.h"

namespace ringway::config {

namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;

struct SecretSource {
    std::string env;
    std::string file;
};

const Section<SecretSource>& secret_section() {
    static const Section<SecretSource> section{
        .heading = "{ env } or { file }",
        .meaning =
            "A secret as a header value. It is read when the file is loaded, and never logged or "
            "shown.",
        .keys =
            {
                text<&SecretSource::env>("env", check_name,
                                         "the environment variable that holds it")
                    .with_default("none"),
                text<&SecretSource::file>(
                    "file", check_name,
                    "the file that holds it, at most 64 KiB; its last line end is dropped")
                    .with_default("none"),
            },
        .not_available = {},
    };
    return section;
}

struct MatchForm {
    std::string exact;
    std::string prefix;
    std::string regex;
    bool present = false;
};

const Section<MatchForm>& match_section() {
    static const Section<MatchForm> section{
        .heading = "[route.headers] and [route.query]",
        .meaning =
            "Conditions by name: `\"x-tier\" = \"gold\"` (exact), or a table with exactly one of "
            "these keys, as "
            "`\"x-tier\" = { prefix = \"go\" }`. All must hold.",
        .keys =
            {
                text<&MatchForm::exact>("exact", check_plain, "the whole value is this")
                    .with_default("none"),
                text<&MatchForm::prefix>("prefix", check_name, "the value starts with this")
                    .with_default("none"),
                text<&MatchForm::regex>(
                    "regex", check_regex,
                    "the whole value matches this ECMAScript regular expression")
                    .with_default("none"),
                flag<&MatchForm::present>("present", "true: it is there, whatever its value"),
            },
        .not_available = {},
    };
    return section;
}

struct EditForm {
    std::vector<HeaderEdit> set;
    std::vector<HeaderEdit> add;
    std::vector<std::string> remove;
};

const Section<EditForm>& edit_section() {
    static const Section<EditForm> section{
        .heading = "[route.request_headers] and [route.response_headers]",
        .meaning =
            "Header edits, applied in the order remove, set, add; at most 64 together. The headers "
            "that frame a "
            "message or belong to one connection cannot be edited.",
        .keys =
            {
                custom<EditForm>(
                    "set", "a table of headers",
                    [](Reading& reading, const Rule& rule, const toml::node& node, EditForm& form) {
                        read_edits(reading, rule, node, HeaderEdit::Kind::set, form.set);
                    },
                    "replaces every field of that name; values may be secrets")
                    .with_default("{}"),
                custom<EditForm>(
                    "add", "a table of headers",
                    [](Reading& reading, const Rule& rule, const toml::node& node, EditForm& form) {
                        read_edits(reading, rule, node, HeaderEdit::Kind::add, form.add);
                    },
                    "adds a field beside those that are there; values may be secrets")
                    .with_default("{}"),
                texts<&EditForm::remove>("remove", check_editable_header,
                                         "removes every field of that name"),
            },
        .not_available = {},
    };
    return section;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// A control byte in a secret would split a header; the value itself stays out of the message.
std::optional<std::string> as_header_value(Reading& reading, const toml::node& where,
                                           std::string_view name, std::string value) {
    if (const auto complaint = check_header_value(value)) {
        reading.complain(where, fmt::format("`{}`: its value {}", shown(name), *complaint));
        return {};
    }
    return value;
}

std::optional<std::string> read_environment(Reading& reading, const toml::node& where,
                                            std::string_view name, const std::string& variable) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') {
        reading.complain(
            where,
            fmt::format("`{}`: the environment variable `{}` is {}; set it before the start",
                        shown(name), shown(variable), value == nullptr ? "not set" : "empty"));
        return {};
    }
    return value;
}

}  // namespace

std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(
    const toml::table& table) {
    std::vector<std::pair<const toml::key*, const toml::node*>> result;
    for (auto it = table.cbegin(); it != table.cend(); ++it)
        result.emplace_back(&it->first, &it->second);
    std::ranges::stable_sort(result, [](const auto& a, const auto& b) {
        const Place left = place_of(*a.first);
        const Place right = place_of(*b.first);
        return std::tie(left.line, left.column) < std::tie(right.line, right.column);
    });
    return result;
}

std::optional<base::SocketAddress> read_listen_address(Reading& reading, const Rule& rule,
                                                       const toml::node& node) {
    const auto* value = node.as_string();
    const std::string text = value != nullptr ? value->get() : std::string();
    const auto address = check_name(text) ? std::nullopt : base::SocketAddress::parse(text);
    if (!address) {
        reading.complain(
            node,
            fmt::format(
                "`{}`: {} is no address to listen on; write \"IP:port\" (\"0.0.0.0:80\", "
                "\"[::]:80\") or \"unix:/path\"",
                rule.name,
                value != nullptr ? "\"" + shown(text) + "\"" : std::string(type_found(node))));
        return {};
    }
    if (address->is_ip() && address->port() == 0) {
        reading.complain(
            node, fmt::format("`{}`: port 0 is no port to listen on; write 1 to 65535", rule.name));
        return {};
    }
    return address;
}

std::optional<std::string> read_secret_file(Reading& reading, const toml::node& where,
                                            std::string_view name, const std::string& path) {
    const auto fail = [&](std::string_view what) -> std::optional<std::string> {
        reading.complain(where,
                         fmt::format("`{}`: the file \"{}\" {}", shown(name), shown(path), what));
        return {};
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return fail("does not exist or cannot be reached");
    if (!std::filesystem::is_regular_file(status)) return fail("is no regular file");
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return fail("cannot be read; check its permissions");
    std::string content(kSecretBytesMax + 1, '\0');
    stream.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(stream.gcount()));
    if (content.size() > kSecretBytesMax) return fail("is larger than 64 KiB");
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    if (content.empty()) return fail("is empty");
    return as_header_value(reading, where, name, std::move(content));
}

std::optional<std::string> read_secret(Reading& reading, std::string_view name,
                                       const toml::node& node) {
    if (const auto* value = node.as_string())
        return as_header_value(reading, node, name, value->get());
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        reading.complain(
            node,
            fmt::format("`{}`: expected a string, {{ env = \"NAME\" }} or {{ file = \"/path\" }}, "
                        "found {}",
                        shown(name), type_found(node)));
        return {};
    }
    SecretSource source;
    read_section(reading, secret_section(), *table, source);
    const bool env = table->contains("env");
    const bool file = table->contains("file");
    if (env == file) {
        if (env || table->empty()) {
            reading.complain(
                node, fmt::format("`{}`: write exactly one of `env` and `file`", shown(name)));
        }
        return {};
    }
    if (!source.env.empty()) {
        auto value = read_environment(reading, node, name, source.env);
        return value ? as_header_value(reading, node, name, std::move(*value)) : std::nullopt;
    }
    if (!source.file.empty()) return read_secret_file(reading, node, name, source.file);
    return {};
}

bool HeaderEdit::is_credential() const {
    constexpr std::string_view kNames[] = {
        "authorization", "proxy-authorization", "x-api-key",      "api-key",
        "x-auth-token",  "x-access-token",      "x-goog-api-key", "cookie"};
    return secret || std::ranges::any_of(kNames, [this](std::string_view known) {
               return equal_ignoring_case(name, known);
           });
}

void read_edits(Reading& reading, const Rule& rule, const toml::node& node, HeaderEdit::Kind kind,
                std::vector<HeaderEdit>& out) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return reading.complain(
            node, fmt::format("`{}`: expected a table, as {{ \"X-Name\" = \"value\" }}, found {}",
                              rule.name, type_found(node)));
    }
    std::vector<std::string_view> names;
    for (const auto& [key, value] : in_file_order(*table)) {
        if (const auto complaint = check_editable_header(key->str())) {
            reading.errors.add(place_of(*key), fmt::format("`{}`: \"{}\" {}", rule.name,
                                                           shown(key->str()), *complaint));
            continue;
        }
        const auto same = [&](std::string_view name) {
            return equal_ignoring_case(name, key->str());
        };
        if (std::ranges::any_of(names, same)) {
            reading.errors.add(
                place_of(*key),
                fmt::format("`{}`: \"{}\" is there twice (header names ignore case); "
                            "remove one",
                            rule.name, shown(key->str())));
        }
        names.push_back(key->str());
        if (auto text = read_secret(reading, key->str(), *value)) {
            out.push_back({kind, std::string(key->str()), std::move(*text), value->is_table()});
        }
    }
}

void read_header_edits(Reading& reading, const Rule& rule, const toml::node& node,
                       std::vector<HeaderEdit>& out) {
    EditForm form;
    if (!read_subsection(reading, rule, edit_section(), node, form)) return;
    for (const std::string& name : form.remove) out.push_back({HeaderEdit::Kind::remove, name, ""});
    std::ranges::move(form.set, std::back_inserter(out));
    std::ranges::move(form.add, std::back_inserter(out));
    if (out.size() > base::kHeaderEditsMax) {
        reading.complain(node, fmt::format("`{}`: {} edits; write at most {}", rule.name,
                                           out.size(), base::kHeaderEditsMax));
    }
}

void read_matches(Reading& reading, const Rule& rule, const toml::node& node,
                  Check check_match_name, std::vector<StringMatch>& out) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return reading.complain(
            node, fmt::format("`{}`: expected a table, as {{ \"name\" = \"value\" }}, found {}",
                              rule.name, type_found(node)));
    }
    for (const auto& [key, value] : in_file_order(*table)) {
        const std::string name(key->str());
        if (const auto complaint = check_match_name(name)) {
            reading.errors.add(place_of(*key),
                               fmt::format("`{}`: \"{}\" {}", rule.name, shown(name), *complaint));
        }
        if (const auto* exact = value->as_string()) {
            out.push_back({name, StringMatch::Kind::exact, exact->get()});
            continue;
        }
        const Rule form_rule{.name = key->str(),
                             .shape = "a string or a table with exact, prefix, regex or present"};
        MatchForm form;
        if (!read_subsection(reading, form_rule, match_section(), *value, form)) continue;
        const toml::table& form_table = *value->as_table();
        const int forms = form_table.contains("exact") + form_table.contains("prefix") +
                          form_table.contains("regex") + form_table.contains("present");
        if (forms > 1 || form_table.empty()) {
            reading.complain(
                *value,
                fmt::format("`{}`: write exactly one of `exact`, `prefix`, `regex` and `present`",
                            shown(name)));
        } else if (form_table["present"].value<bool>() == false) {
            reading.complain(
                *value,
                fmt::format("`{}`: `present = false` is no condition; write `present = true`",
                            shown(name)));
        } else if (form_table.contains("prefix")) {
            out.push_back({name, StringMatch::Kind::prefix, form.prefix});
        } else if (form_table.contains("regex")) {
            out.push_back({name, StringMatch::Kind::regex, form.regex});
        } else if (form_table.contains("present")) {
            out.push_back({name, StringMatch::Kind::present, ""});
        } else {
            out.push_back({name, StringMatch::Kind::exact, form.exact});
        }
    }
}

std::optional<std::uint16_t> find_name(Reading& reading, Place place, std::string_view what,
                                       std::string_view name,
                                       const std::vector<std::string>& names) {
    const auto at = std::ranges::find(names, name);
    if (at != names.end()) return static_cast<std::uint16_t>(at - names.begin());
    std::string advice = base::did_you_mean(name, names);
    if (advice.empty()) advice = "; add it or name one that is there";
    reading.errors.add(place, fmt::format("no {} is named `{}`{}", what, shown(name), advice));
    return {};
}

void add_name(Reading& reading, const toml::table& table, std::string_view what,
              const std::string& name, std::vector<std::string>& names) {
    if (!name.empty() && std::ranges::find(names, name) != names.end()) {
        const toml::node* node = table.get("name");
        reading.complain(
            node != nullptr ? *node : table,
            fmt::format("two {}s are named `{}`; give one another `name`", what, shown(name)));
    }
    names.push_back(name);
}

void describe_values(std::vector<SectionText>& out) {
    for (SectionText& form : std::vector{describe(match_section()), describe(edit_section()),
                                         describe(secret_section())}) {
        form.value_form = true;
        out.push_back(std::move(form));
    }
}

}  // namespace ringway::config
