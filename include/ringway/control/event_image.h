// The events that a process keeps, as a JSON document for its successor, which goes on telling of
// them. Pure.
//
// {"version":1,"events":[{"id":...,"kind":...,"pool":...,"upstream":...,...}]}
//
// Instants are as in state_image.h, and so is what versions do not know of each other: an event
// with a value that the reader does not know is left out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/observe/event_line.h"

namespace ringway::control {

std::string write_events(std::span<const observe::Told> told);

/// In the order of their ids, each one `inherited`. Of a document that cannot be read: none.
std::vector<observe::Told> read_events(std::string_view document);

}  // namespace ringway::control
