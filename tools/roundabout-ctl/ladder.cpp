#include "roundabout-ctl/ladder.hpp"

#include "admin/message_edits.hpp"
#include "roundabout-ctl/table.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <string_view>
#include <utility>

namespace roundabout::ctl {
namespace {

using admin::Record;

constexpr std::size_t party_width = 30;
constexpr std::size_t arrow_width = 26;

/// "14:03:09.123456", local time.
std::string time_of(std::int64_t micros) {
    const std::time_t seconds = micros / 1'000'000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%06d", local.tm_hour, local.tm_min,
                  local.tm_sec, static_cast<int>(micros % 1'000'000));
    return text.data();
}

std::string party_of(const Record& message) {
    const std::string server = message.text("server");
    return message.text("transport") + " " + message.text("remote") +
           (server.empty() ? "" : " " + server);
}

std::string word_of(const Record& message) {
    const std::int64_t status = message.number("status");
    const std::string method = harmless(message.text("method"));
    return status == 0 ? method : std::to_string(status) + " " + method;
}

std::string arrow(const std::string& word, bool rightwards) {
    const std::size_t used = width_of(word) + 4;
    const std::string rest(used < arrow_width ? arrow_width - used : 1, '-');
    return rightwards ? "--" + word + rest + "> " : " <" + rest + word + "--";
}

std::string padded(const std::string& text, std::size_t width) {
    std::ostringstream out;
    pad(out, text, width);
    return out.str();
}

std::string key_of(const Record& message) {
    return message.text("call_id") + '\n' + std::to_string(message.number("cseq")) + '\n' +
           message.text("method") + '\n' + std::to_string(message.number("status"));
}

std::string_view first_line(std::string_view message) {
    return message.substr(0, message.find('\r'));
}

std::string indented(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines += "    " + harmless(line) + "\n";
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

} // namespace

const std::string* Ladder::Memory::find(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
}

void Ladder::Memory::put(const std::string& key, std::string value) {
    const auto [at, made] = values_.insert_or_assign(key, std::move(value));
    if (!made)
        return;
    order_.push_back(key);
    if (order_.size() > most) {
        values_.erase(order_.front());
        order_.pop_front();
    }
}

std::string Ladder::show(const Record& record) {
    if (record.kind == "lost")
        return "... " + std::to_string(record.number("messages")) +
               " messages are missing here: this reader was too slow\n";
    if (record.kind != "message")
        return {};
    std::string lines;
    const std::string call = record.text("call_id");
    const std::string bytes = record.bytes("text");
    if (left_.find(call) == nullptr) {
        left_.put(call, record.text("transport") + " " + record.text("remote"));
        lines += "Call-ID " + harmless(call) + ", " + harmless(first_line(bytes)) + "\n";
    }
    lines += rung(record);
    if (full_)
        lines += indented(bytes);
    else if (record.text("direction") == "sent")
        lines += changes(record);
    if (record.text("direction") != "sent")
        received_.put(key_of(record), bytes);
    return lines;
}

std::string Ladder::rung(const Record& message) {
    const bool sent = message.text("direction") == "sent";
    const std::string* left = left_.find(message.text("call_id"));
    const bool on_left =
        left != nullptr && *left == message.text("transport") + " " + message.text("remote");
    const std::string party = harmless(party_of(message));
    const std::string way = arrow(word_of(message), on_left != sent);
    const std::string time = time_of(message.number("time"));
    if (on_left)
        return time + "  " + padded(party, party_width) + " " + way + " |\n";
    return time + "  " + std::string(party_width + arrow_width + 2, ' ') + " | " + way + " " +
           party + "\n";
}

std::string Ladder::changes(const Record& message) {
    const std::string* before = received_.find(key_of(message));
    if (before == nullptr)
        return {}; // it is the proxy's own
    std::string lines;
    for (const std::string& edit : admin::message_edits(*before, message.bytes("text")))
        lines += indented(edit);
    return lines;
}

} // namespace roundabout::ctl
