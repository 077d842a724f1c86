#include "sip/edits.hpp"

#include "sip/values.hpp"
#include "sip/via_stamp.hpp"

#include <algorithm>
#include <string>

namespace roundabout::sip {

namespace {

constexpr std::size_t arena_room = 1024; ///< Via, two Record-Routes, a Contact and a R-URI

std::size_t count_values(std::string_view row) noexcept {
    ValueCursor cursor(row);
    std::size_t count = 0;
    while (cursor.next())
        ++count;
    return count;
}

Span between(std::uint32_t begin, std::uint32_t end) noexcept { return {begin, end - begin}; }

} // namespace

std::size_t Edits::begin_text() {
    if (arena_.capacity() < arena_room)
        arena_.reserve(arena_room);
    return arena_.size();
}

void Edits::add(Span span, std::size_t text_begin) {
    const Splice splice{span, static_cast<std::uint32_t>(text_begin),
                        static_cast<std::uint32_t>(arena_.size() - text_begin)};
    const auto all = splices_.view();
    const auto goes_before = [](const Splice& a, const Splice& b) {
        if (a.span.begin != b.span.begin)
            return a.span.begin < b.span.begin;
        if (a.span.size == 0 || b.span.size == 0)
            return a.span.size < b.span.size;
        return a.span.size > b.span.size;
    };
    const auto place = std::ranges::upper_bound(all, splice, goes_before);
    if (span.size != 0 && place != all.begin() && (place - 1)->span == span)
        *(place - 1) = splice;
    else
        splices_.insert(static_cast<std::size_t>(place - all.begin()), splice);
}

void Edits::replace(Span span, std::string_view text) {
    const auto begin = begin_text();
    arena_.append(text);
    add(span, begin);
}

void Edits::insert_row(std::uint32_t at, HeaderId id, std::string_view value) {
    const auto begin = begin_text();
    arena_.append(name(id)).append(": ").append(value).append("\r\n");
    add({at, 0}, begin);
}

void Edits::set_request_uri(std::string_view uri) { replace(message_->request_uri_span(), uri); }

void Edits::decrement_max_forwards() {
    const auto* field = message_->find(HeaderId::max_forwards);
    if (field == nullptr)
        return append(HeaderId::max_forwards, "70");
    const auto hops = parse_max_forwards(message_->text(field->value));
    if (hops && *hops != 0)
        replace(field->value, std::to_string(*hops - 1));
}

void Edits::prepend(HeaderId id, std::string_view value) {
    const auto rows = message_->headers();
    const auto* field = message_->find(id);
    if (field == nullptr && !rows.empty())
        field = rows.data();
    insert_row(field != nullptr ? field->line.begin : message_->headers_end(), id, value);
}

void Edits::append(HeaderId id, std::string_view value) {
    insert_row(message_->headers_end(), id, value);
}

void Edits::remove_first_values(HeaderId id, std::size_t count) { take_values(id, count, 0); }

void Edits::remove_last_value(HeaderId id) { take_values(id, 0, 1); }

void Edits::remove_all(HeaderId id) {
    for (const auto& row : message_->headers()) {
        if (row.id == id)
            replace(row.line, {});
    }
}

void Edits::take_values(HeaderId id, std::size_t first, std::size_t last) {
    const auto known = taken_.view();
    auto taken = std::ranges::find(known, id, &Taken::id);
    if (taken == known.end()) {
        taken_.insert(known.size(), {id, 0, 0});
        taken = taken_.view().end() - 1;
    }
    // What earlier calls took is taken again, in longer spans that hide theirs.
    if (taken->last + last == 0) {
        taken->first = take_first_values(id, taken->first, first);
        return;
    }
    std::size_t total = 0;
    for (const auto& row : message_->headers()) {
        if (row.id == id)
            total += count_values(message_->text(row.value));
    }
    taken->first = std::min(taken->first + std::min(first, total), total);
    taken->last = std::min(taken->last + last, total);
    const std::size_t end = total - taken->last;
    std::size_t before = 0;
    for (const auto& row : message_->headers()) {
        if (row.id != id)
            continue;
        const std::size_t here = count_values(message_->text(row.value));
        const auto in_row = [&](std::size_t at) { return std::clamp(at, before, before + here); };
        if (here != 0)
            keep_values(row, in_row(taken->first) - before, in_row(end) - before);
        before += here;
    }
}

std::size_t Edits::take_first_values(HeaderId id, std::size_t taken, std::size_t more) {
    const std::size_t wanted = taken + std::min(more, message_->bytes().size());
    std::size_t gone = 0;
    for (const auto& row : message_->headers()) {
        if (gone == wanted)
            break;
        if (row.id != id)
            continue;
        ValueCursor cursor(message_->text(row.value));
        const std::size_t before = gone;
        auto value = cursor.next();
        for (; value && gone != wanted; value = cursor.next())
            ++gone;
        if (value)
            add(between(row.value.begin, span_of(*message_, *value).begin), arena_.size());
        else if (gone != before)
            add(row.line, arena_.size());
    }
    return gone;
}

void Edits::keep_values(const HeaderField& row, std::size_t begin, std::size_t end) {
    if (begin >= end)
        return add(row.line, arena_.size());
    ValueCursor cursor(message_->text(row.value));
    Span first_kept = row.value;
    Span last_kept = row.value;
    std::size_t at = 0;
    for (auto value = cursor.next(); value; value = cursor.next(), ++at) {
        if (at == begin)
            first_kept = span_of(*message_, *value);
        if (at + 1 == end)
            last_kept = span_of(*message_, *value);
    }
    if (begin != 0)
        add(between(row.value.begin, first_kept.begin), arena_.size());
    if (end != at)
        add(between(last_kept.end(), row.value.end()), arena_.size());
}

void Edits::stamp_top_via(std::string_view received, std::uint16_t port, std::uint32_t keep) {
    const auto top = first_value(*message_, HeaderId::via);
    if (!top)
        return;
    const auto begin = begin_text();
    append_stamped_via(arena_, *top, received, port, keep);
    add(span_of(*message_, *top), begin);
}

void Edits::replace_uri(std::string_view value, std::string_view uri) {
    const auto parsed = parse_name_addr(value);
    if (!parsed)
        return;
    const auto span = span_of(*message_, parsed->uri);
    if (parsed->bracketed)
        return replace(span, uri);
    const auto begin = begin_text();
    arena_.append("<").append(uri).append(">");
    add(span, begin);
}

void Edits::set_status(std::uint16_t status, std::string_view reason) {
    const auto line = message_->start_line();
    const auto begin = begin_text();
    arena_.append(std::to_string(status)).append(" ").append(reason);
    add(between(message_->status_span().begin, line.end()), begin);
}

bool Edits::applies(const Splice& splice, std::uint32_t at) const noexcept {
    return splice.span.begin >= at && splice.span.end() <= message_->headers_end();
}

std::size_t Edits::size_without_length() const noexcept {
    std::size_t size = message_->body_span().end();
    std::uint32_t at = 0;
    for (const auto& splice : splices_.view()) {
        if (!applies(splice, at))
            continue;
        size = size - splice.span.size + splice.text_size;
        at = splice.span.end();
    }
    return size;
}

std::string Edits::apply(bool add_content_length) const {
    constexpr std::size_t length_room = 32;
    const auto bytes = message_->bytes();
    const auto body = message_->body_span();
    const bool adds_length = add_content_length && !message_->has(HeaderId::content_length);
    std::string out;
    out.reserve(size_without_length() + (adds_length ? length_room : 0));
    std::uint32_t at = 0;
    const auto copy_to = [&](std::uint32_t to) {
        out.append(bytes.substr(at, to - at));
        at = to;
    };
    for (const auto& splice : splices_.view()) {
        if (!applies(splice, at))
            continue;
        copy_to(splice.span.begin);
        out.append(arena_, splice.text_begin, splice.text_size);
        at = splice.span.end();
    }
    copy_to(message_->headers_end());
    if (adds_length)
        out.append("Content-Length: ").append(std::to_string(body.size)).append("\r\n");
    copy_to(body.end());
    return out;
}

} // namespace roundabout::sip
