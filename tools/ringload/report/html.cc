// The result as one self-contained page: the text of report/page/ with the JSON in it, from which
// the page's script draws plots and tables. Pure; any thread.
#include <string>
#include <string_view>

#include "report/page.h"
#include "report/report.h"

namespace ringload {

namespace {

/// For a script element, which ends at "</script" wherever that stands, and whose end is looked for
/// elsewhere after "<!--" (HTML 13.1.2.1): in JSON a '<' can only stand inside of a string, where
/// \u003c is the same.
void append_as_script_text(std::string& out, std::string_view json) {
    for (const char c : json) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
}

}  // namespace

std::string html_of(const Result& result) {
    const std::string json = json_of(result);
    std::string out;
    out.reserve(kPageBefore.size() + json.size() + kPageAfter.size() + 1024);
    out += kPageBefore;
    append_as_script_text(out, json);
    out += kPageAfter;
    return out;
}

}  // namespace ringload
