// A result as text, JSON, CSV and HTML. Pure: strings out.
#pragma once

#include <string>

#include "tally/result.h"

namespace ringload {

/// For a human, about 30 lines.
std::string text_of(const Result& result);
/// One JSON object; docs/ringload.md has its members. `compare` reads it.
std::string json_of(const Result& result);
/// The series: a header line and a line for each sample.
std::string csv_of(const Result& result);
/// The records: a header line and a line for each request.
std::string records_csv_of(const Result& result);
/// One self-contained page: plots and tables.
std::string html_of(const Result& result);

/// "1.23 ms", "850 us", "2.5 s": three significant digits.
std::string show_ns(std::uint64_t ns);

}  // namespace ringload
