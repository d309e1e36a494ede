// Every scan kernel gives the answer of the scalar one, and none reads behind its input.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "../../../src/http/chars.h"
#include "../../../src/http/scan.h"
#include "../rounds.h"
#include "every_way.h"
#include "guarded_bytes.h"
#include "ringway/base/prng.h"

namespace ringway::http {
namespace {

using test::GuardedBytes;

std::string shown(const FieldLines& lines, const std::array<Field, 32>& fields, const char* begin) {
    std::string out(name_of(lines.error));
    if (lines.error != HeadError::none) return out;
    out += " " + std::to_string(lines.count) + " " + std::to_string(lines.end - begin);
    for (std::uint32_t i = 0; i < lines.count; ++i) {
        out += "|" + std::to_string(fields[i].name.data() - begin) + "," +
               std::to_string(fields[i].name.size()) + "," +
               std::to_string(fields[i].value.data() - begin) + "," +
               std::to_string(fields[i].value.size());
    }
    return out;
}

void expect_same(std::string_view bytes) {
    std::array<Field, 32> fields;
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const std::string lines =
        shown(kScalarKernel.field_lines(begin, end, fields.data(), 30), fields, begin);
    const char* const target = kScalarKernel.target_end(begin, end);
    for (const ScanKernel* kernel : usable_kernels()) {
        EXPECT_EQ(shown(kernel->field_lines(begin, end, fields.data(), 30), fields, begin), lines)
            << kernel->name << ": " << test::escaped(bytes);
        EXPECT_EQ(kernel->target_end(begin, end) - begin, target - begin)
            << kernel->name << ": " << test::escaped(bytes);
    }
}

TEST(Scan, TheBestKernelIsTheLastUsable) {
    EXPECT_STREQ(usable_kernels().front()->name, "scalar");
    EXPECT_EQ(&scan_kernel(), usable_kernels().back());
}

TEST(Scan, ScalarFollowsTheGrammar) {  // RFC 9110 5.6.2, 5.5
    const std::string_view token_marks = "!#$%&'*+-.^_`|~";
    for (int value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        const bool alphanumeric = value < 0x80 && std::isalnum(value) != 0;
        const bool token =
            alphanumeric || (value != 0 && token_marks.find(c) != std::string_view::npos);
        EXPECT_EQ(in_class(kTokenBytes, c), token) << value;
        EXPECT_EQ(in_class(kTargetBytes, c), value > 0x20 && value < 0x7f && c != '#') << value;
        EXPECT_EQ(in_class(kValueBytes, c), value == 9 || (value >= 0x20 && value != 0x7f))
            << value;
    }
}

TEST(Scan, EveryByteAtEveryPlaceOfTwoBlocks) {
    const std::string clean = "Aname: " + std::string(150, 'v') + "\r\n\r\n";
    const std::string name = std::string(140, 'n') + ": v\r\n\r\n";
    for (const std::string& base : {clean, name}) {
        const GuardedBytes guarded(base);
        for (std::size_t i = 0; i < base.size(); ++i) {
            char& byte = const_cast<char&>(guarded.view()[i]);
            for (int value = 0; value < 256; ++value) {
                byte = static_cast<char>(value);
                expect_same(guarded.view());
            }
            byte = base[i];
            if (::testing::Test::HasFailure()) return;
        }
    }
}

TEST(Scan, EveryLengthEndsAtTheGuardPage) {
    std::string text = "First: 1\r\nSecond-Name:\t a longer value with\tblanks \r\n";
    text += "Third: " + std::string(80, 'x') + "\r\nFourth:\r\n\r\n";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const GuardedBytes guarded(std::string_view(text).substr(0, size));
        expect_same(guarded.view());
        for (std::size_t tail = 0; tail <= size; tail += 7) expect_same(guarded.tail(tail));
    }
}

TEST(Scan, RandomLines) {
    base::Prng random(20260611);
    const std::string_view pieces[] = {
        "Name",    "x-y",         ":",          ": ", "value with words",
        "\r\n",    "\r\n",        "\t",         " ",  "\r",
        "\n",      "\x7f",        "\xff",       "#",  std::string_view("\0", 1),
        "a:b\r\n", "Host: t\r\n", "/path?query"};
    for (int round = 0; round < rounds(20'000); ++round) {
        std::string bytes;
        const std::uint32_t count = random.below(40);
        // Mostly well-formed lines, so that the interesting byte stands deep in the input.
        const bool wild = random.chance(30);
        for (std::uint32_t i = 0; i < count; ++i) {
            if (wild || random.chance(3)) {
                bytes += pieces[random.below(std::size(pieces))];
            } else {
                bytes += "N" + std::string(random.below(40), 'n') + ": " +
                         std::string(random.below(90), 'v') + "\r\n";
            }
        }
        if (random.chance(50)) bytes += "\r\n";
        const GuardedBytes guarded(bytes);
        expect_same(guarded.view());
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Scan, RandomBytes) {
    base::Prng random(7);
    for (int round = 0; round < rounds(20'000); ++round) {
        std::string bytes(random.below(200), '\0');
        for (char& byte : bytes) {
            byte =
                static_cast<char>(random.chance(90) ? 'a' + random.below(26) : random.below(256));
        }
        const GuardedBytes guarded(bytes);
        expect_same(guarded.view());
        if (::testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace ringway::http
