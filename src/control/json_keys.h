// Members of a JSON object by the names and in the forms of the configuration file.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "ringway/base/time.h"
#include "ringway/base/units.h"
#include "ringway/observe/json.h"

namespace ringway::control {

/// Writes members: put("key", value), and tables of them.
class Keys {
 public:
    explicit Keys(observe::JsonWriter& json) : json_(json) {}

    void put(const char* key, const std::string& value) { json_.key(key).text(value); }
    void put(const char* key, const char* value) { json_.key(key).text(value); }
    void put(const char* key, bool value) { json_.key(key).boolean(value); }
    void put(const char* key, std::unsigned_integral auto value) { json_.key(key).number(value); }
    void put(const char* key, double value) { json_.key(key).number(value); }
    void put(const char* key, base::Duration value) {
        json_.key(key).text(base::format_duration(value));
    }
    void put(const char* key, const std::vector<std::string>& values) {
        list(key, values, [this](const std::string& value) { json_.text(value); });
    }
    void put_null(const char* key) { json_.key(key).null(); }
    /// Null when it is empty.
    void put_given(const char* key, const std::string& value) {
        if (value.empty()) return put_null(key);
        put(key, value);
    }

    template <class Body>
    void table(const char* key, Body body) {
        json_.key(key).open_object();
        body();
        json_.close_object();
    }
    template <class List, class Element>
    void list(const char* key, const List& elements, Element put_element) {
        json_.key(key).open_array();
        for (const auto& element : elements) put_element(element);
        json_.close_array();
    }
    /// An array of tables.
    template <class List, class Body>
    void tables(const char* key, const List& elements, Body body) {
        list(key, elements, [&](const auto& element) {
            json_.open_object();
            body(element);
            json_.close_object();
        });
    }

    observe::JsonWriter& json() { return json_; }

 private:
    observe::JsonWriter& json_;
};

}  // namespace ringway::control
