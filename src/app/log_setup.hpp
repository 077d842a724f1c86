#pragma once

#include "config/config.hpp"

namespace roundabout::app {

/// Sets the process's logger up: to standard error, one line an entry, or one JSON object a line.
void set_up_log(const config::Log& log);

/// The same of the running logger. Any thread, while others log.
void change_log(const config::Log& log);

} // namespace roundabout::app
