// What most tests read first, compiled once for each executable of an instrumented build.
#pragma once

#include <gtest/gtest.h>

#include "standard.h"
