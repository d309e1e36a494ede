// The page around a result: what it holds and that nothing in a result gets out of it. How it looks
// is tests/browser's.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "report/report.h"

namespace ringload {

namespace {

constexpr std::string_view kOpens = "<script type=\"application/json\" id=\"result\">";
constexpr std::string_view kCloses = "</script";

/// What an HTML parser takes for the result: all up to the first end of its element.
std::string held_by(std::string_view page) {
    const std::size_t begin = page.find(kOpens) + kOpens.size();
    return std::string(page.substr(begin, page.find(kCloses, begin) - begin));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

Result hostile() {
    const std::string markup = "</script><!--<script>alert(1)//</ScRiPt \t><img src=x onerror=a()>";
    Result result;
    result.plan.url = "http://h/" + markup;
    result.by_kind = {{markup, {}, 1}};
    result.marks = {{Duration(1), markup}};
    result.assertions = {{markup, false, markup}};
    result.found_max = {.bound = markup, .rate = 1, .next_failed = 2};
    FaultFigures fault;
    fault.origin = fault.kind = markup;
    fault.error_kinds = {markup};
    result.faults = {fault};
    return result;
}

}  // namespace

TEST(Html, the_page_holds_the_json_of_the_result) {
    Result result;
    result.plan.url = "http://127.0.0.1:8080/a?b=1&c=2";
    result.counts.answered = 41;
    EXPECT_EQ(held_by(html_of(result)), json_of(result));
}

TEST(Html, no_text_of_a_result_ends_the_element_that_holds_it) {
    const std::string page = html_of(hostile());
    const std::string held = held_by(page);
    EXPECT_EQ(count_of(held, "<"), 0u);
    EXPECT_EQ(replaced(held, "\\u003c", "<"), json_of(hostile()));
    const std::string tame = html_of(Result{});
    for (const char* part : {"<script", "</script", "<!--", "<img"}) {
        EXPECT_EQ(count_of(page, part), count_of(tame, part)) << part;
    }
}

TEST(Html, the_page_is_one_file_that_refers_to_no_other) {
    const std::string page = html_of(Result{});
    EXPECT_EQ(page.find("<!doctype html>"), 0u);
    EXPECT_EQ(page.substr(page.size() - 8), "</html>\n");
    EXPECT_NE(page.find("default-src 'none'"), page.npos);
    EXPECT_EQ(count_of(page, "src="), 0u);
    EXPECT_EQ(count_of(page, "href="), count_of(page, "href=\"data:,\""));
    EXPECT_EQ(count_of(page, "url("), 0u);
    EXPECT_EQ(count_of(page, "@import"), 0u);
    EXPECT_EQ(count_of(page, "://"), count_of(page, "http://www.w3.org/2000/svg"));
}

TEST(Html, the_script_of_the_page_makes_no_markup_of_strings) {
    const std::string page = html_of(Result{});
    for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "Function(", "DOMParser"}) {
        EXPECT_EQ(page.find(sink), page.npos) << sink;
    }
}

}  // namespace ringload
