#include "csr/order.hpp"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <termios.h>
#include <unistd.h>

namespace roundabout::csr {
namespace {

/// Nothing that is typed shows while it lives; where standard input is no terminal, it does
/// nothing.
class Hidden {
  public:
    Hidden()
        : active_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (active_)
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;
    ~Hidden() {
        if (active_)
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }

  private:
    termios before_{};
    bool active_;
};

std::string ask_passphrase(const std::string& file) {
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    if (terminal)
        std::cerr << "passphrase of " << file << ": " << std::flush;
    std::string passphrase;
    {
        const Hidden hidden;
        std::getline(std::cin, passphrase);
    }
    if (terminal)
        std::cerr << '\n';
    return passphrase;
}

std::string new_file_of(const Order& order) {
    if (!order.key_file.empty())
        return order.key_file;
    std::string name = order.subject.common_name.empty() ? "roundabout" : order.subject.common_name;
    std::ranges::replace(name, '/', '_');
    return order.folder + "/" + name + ".key";
}

struct Chosen {
    Key key;
    std::string file;
};

Outcome<Chosen> choose_key(const Order& order) {
    if (!order.new_key.empty()) {
        const std::string file = new_file_of(order);
        const auto key = make_key(order.new_key, file);
        if (!key)
            return key.error();
        return Chosen{*key, file};
    }
    std::string file = order.key_file;
    if (file.empty()) {
        const auto found = find_key(order.folder);
        if (!found)
            return found.error();
        file = *found;
    }
    const auto key = load_key(file, ask_passphrase);
    if (!key)
        return key.error();
    return Chosen{*key, file};
}

} // namespace

int carry_out(const Order& order, std::ostream& out, std::ostream& notes) {
    const auto chosen = choose_key(order);
    if (!chosen) {
        notes << "roundabout: " << chosen.error().sentence << '\n';
        return 1;
    }
    const auto request = make_request(order.subject, chosen->key);
    if (!request) {
        notes << "roundabout: " << request.error().sentence << '\n';
        if (!order.new_key.empty())
            ::unlink(chosen->file.c_str()); // nobody has seen it
        return 1;
    }
    notes << (order.new_key.empty() ? "key: " : "new key: ") << chosen->file << " ("
          << *key_kind(chosen->key) << ")\n";
    out << *request;
    return 0;
}

} // namespace roundabout::csr
