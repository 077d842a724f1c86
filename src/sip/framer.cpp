#include "sip/framer.hpp"

#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/header_id.hpp"

#include <algorithm>

namespace roundabout::sip {

void Framer::push(std::string_view bytes) {
    if (broken_ != Error::none)
        return;
    // What was handed out goes once it is the greater part, so that each byte is moved once or
    // twice.
    if (start_ > buffer_.size() / 2) {
        buffer_.erase(0, start_);
        start_ = 0;
    }
    buffer_.append(bytes);
}

Framer::Event Framer::next() {
    if (broken_ != Error::none)
        return Broken{broken_, {}};
    if (progress_.searched == 0)
        return between_messages();
    return progress_.expected == 0 ? in_header() : cut();
}

Framer::Event Framer::between_messages() {
    const auto bytes = unread();
    if (bytes.empty() || bytes == "\r")
        return NeedMore{};
    if (bytes.starts_with("\r\n")) {
        const bool pair = !after_crlf_ && bytes.starts_with("\r\n\r\n");
        const bool ping = pair || after_crlf_;
        start_ += pair ? 4 : 2;
        after_crlf_ = !ping;
        if (ping)
            return Ping{!pair};
        return Pong{};
    }
    if (bytes.front() == '\n')
        return break_off(Error::bare_line_feed, 0);
    if (bytes.front() == '\0')
        return break_off(Error::nul_in_header, 0);
    if (!grammar::is_in(bytes.front(), grammar::token_char))
        return break_off(Error::not_sip, 0);
    after_crlf_ = false;
    return in_header();
}

Framer::Event Framer::in_header() {
    const auto bytes = unread();
    const auto header = bytes.substr(0, limits_.header);
    for (;;) {
        const auto line_feed = header.find('\n', progress_.searched);
        progress_.searched = std::min(line_feed, header.size());
        if (line_feed == std::string_view::npos)
            break;
        const auto line = header.substr(progress_.line, line_feed - progress_.line);
        progress_.nul = progress_.nul || line.find('\0') != std::string_view::npos;
        if (!line.ends_with('\r'))
            return break_off(Error::bare_line_feed, line_feed + 1);
        if (line.size() == 1)
            return after_header(line_feed + 1);
        read_line(line.substr(0, line.size() - 1));
        progress_.line = line_feed + 1;
        progress_.searched = line_feed + 1;
    }
    if (header.size() == limits_.header)
        return break_off(Error::message_too_large, header.size());
    return NeedMore{};
}

void Framer::read_line(std::string_view line) {
    if (progress_.line == 0 || ascii::is_space(line.front()))
        return; // the start line, or a fold, which belongs to the field before
    close_length_field();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
        return;
    auto name = line.substr(0, colon);
    while (!name.empty() && ascii::is_space(name.back()))
        name.remove_suffix(1);
    if (parse_header_id(name) == HeaderId::content_length)
        progress_.length.field = progress_.line + colon + 1;
}

/// Reads the value of the Content-Length row that ends where the current line begins.
void Framer::close_length_field() {
    auto& length = progress_.length;
    if (!length.field)
        return;
    const auto value = ascii::trim(unread().substr(*length.field, progress_.line - *length.field));
    length.field.reset();
    if (value.empty() || !std::ranges::all_of(value, ascii::is_digit)) {
        length.error = Error::bad_content_length;
        return;
    }
    const auto number = ascii::to_number<std::uint64_t>(value);
    const auto size = number.value_or(UINT64_MAX); // beyond 2**64: surely too large
    if (length.value && *length.value != size)
        length.error = Error::content_length_mismatch;
    length.value = size;
}

Framer::Event Framer::after_header(std::size_t header_size) {
    close_length_field();
    const auto& length = progress_.length;
    if (progress_.nul && grammar::has_stray_nul(unread().substr(0, header_size)))
        return break_off(Error::nul_in_header, header_size);
    if (length.error != Error::none)
        return break_off(length.error, header_size);
    const auto body = length.value.value_or(0);
    if (header_size > limits_.message || body > limits_.message - header_size)
        return break_off(Error::message_too_large, header_size);
    progress_.expected = header_size + static_cast<std::size_t>(body);
    return cut();
}

Framer::Event Framer::cut() {
    if (buffered() < progress_.expected)
        return NeedMore{};
    Cut message;
    if (start_ == 0 && buffer_.size() == progress_.expected) {
        message.bytes = std::move(buffer_); // an idle connection keeps no buffer
        buffer_ = std::string();
    } else {
        message.bytes = unread().substr(0, progress_.expected);
        start_ += progress_.expected;
    }
    progress_ = Progress{};
    return message;
}

Framer::Event Framer::break_off(Error error, std::size_t head_size) {
    broken_ = error;
    Broken broken{error, std::string(unread().substr(0, head_size))};
    buffer_ = std::string();
    start_ = 0;
    return broken;
}

} // namespace roundabout::sip
