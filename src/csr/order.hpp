#pragma once

#include "csr/request.hpp"

#include <iosfwd>
#include <string>

namespace roundabout::csr {

/// What the command line asks for with -csr.
struct Order {
    Subject subject;
    std::string key_file; ///< empty: the one in `folder`; with `new_key`, COMMON-NAME.key there
    std::string new_key;  ///< "ec" or "rsa": make it; empty: it is there
    std::string folder;   ///< the working directory
};

/// Writes the request to `out`, and to `notes` which key it is for, or what is wrong. Returns the
/// exit code: 0, or 1. The passphrase of a key is asked for at the terminal; where standard input
/// is none, it is its first line.
[[nodiscard]] int carry_out(const Order& order, std::ostream& out, std::ostream& notes);

} // namespace roundabout::csr
