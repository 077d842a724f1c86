#include "sip/edit_model.hpp"
#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"
#include "support/random_message.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>

using namespace roundabout;
using namespace roundabout::sip;
using roundabout::test::EditModel;
using roundabout::test::Random;
using roundabout::test::RandomMessage;

namespace {

constexpr std::array<std::string_view, 4> new_uris = {
    "sip:u@proxy.example:5061;transport=tls", "sip:abc@[2001:db8::2]:5060;lr", "sips:x@h",
    "sip:user@roundabout.example;transport=ws;rb=abcdefghijklmnopqrst"};
constexpr std::array<HeaderId, 5> list_headers = {HeaderId::route, HeaderId::record_route,
                                                  HeaderId::path, HeaderId::contact,
                                                  HeaderId::p_asserted_identity};

std::string_view any_uri(Random& random) { return random.pick(new_uris); }
HeaderId any_list(Random& random) { return random.pick(list_headers); }

void edit_start_line(Random& random, const RandomMessage& source, Edits& edits, EditModel& model) {
    if (source.request) {
        const auto uri = any_uri(random);
        edits.set_request_uri(uri);
        model.set_request_uri(uri);
    } else {
        const auto status = static_cast<std::uint16_t>(100 + random.below(600));
        const std::string_view reason = random.one_in(3) ? "" : "Another Reason";
        edits.set_status(status, reason);
        model.set_status(status, reason);
    }
}

void take_values(Random& random, Edits& edits, EditModel& model) {
    const auto id = any_list(random);
    if (random.one_in(4)) {
        edits.remove_last_value(id);
        model.remove_last_value(id);
        return;
    }
    const auto count = random.below(4);
    edits.remove_first_values(id, count);
    for (std::size_t i = 0; i < count; ++i)
        model.remove_first_value(id);
}

void replace_some_uris(Random& random, Edits& edits, EditModel& model) {
    const auto id = random.one_in(2) ? HeaderId::contact : any_list(random);
    std::size_t position = 0;
    for (const auto& value : values(edits.message(), id)) {
        if (random.one_in(2)) {
            const auto uri = any_uri(random);
            edits.replace_uri(value.text, uri);
            model.replace_uri(id, position, uri);
        }
        ++position;
    }
}

void add_row(Random& random, Edits& edits, EditModel& model) {
    const auto id = random.one_in(3) ? HeaderId::via : any_list(random);
    const auto value = "<" + std::string(any_uri(random)) + ">";
    if (random.one_in(3)) {
        edits.append(id, value);
        model.append(id, value);
    } else {
        edits.prepend(id, value);
        model.prepend(id, value);
    }
}

/// One random edit on both. `done` holds back what a hop does once.
void edit(Random& random, const RandomMessage& source, Edits& edits, EditModel& model,
          std::array<bool, 2>& done) {
    switch (random.below(8)) {
    case 0:
        return edit_start_line(random, source, edits, model);
    case 1:
        if (!std::exchange(done[0], true)) {
            edits.decrement_max_forwards();
            model.decrement_max_forwards();
        }
        return;
    case 2:
        if (!std::exchange(done[1], true)) {
            edits.stamp_top_via("2001:db8::99", 50600);
            model.stamp_top_via("2001:db8::99", 50600);
        }
        return;
    case 3:
        return take_values(random, edits, model);
    case 4:
        return replace_some_uris(random, edits, model);
    case 5:
        if (random.one_in(3)) {
            const auto id = any_list(random);
            edits.remove_all(id);
            model.remove_all(id);
        }
        return;
    default:
        return add_row(random, edits, model);
    }
}

} // namespace

TEST_CASE("R37 any combination of edits changes exactly the named lines of any valid message") {
    for (std::uint64_t seed = 0; seed < 5000; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const bool stream = random.one_in(2);
        const auto source = roundabout::test::random_message(random, stream);
        const auto message =
            index_message(source.text(), stream ? Framing::stream : Framing::datagram);
        REQUIRE(message.has_value());
        REQUIRE(message->defect() == Error::none);
        const auto rejection = check_message(*message);
        REQUIRE(sentence(rejection ? rejection->error : Error::none) == sentence(Error::none));

        Edits edits(*message);
        EditModel model(source);
        REQUIRE(edits.apply(false) == model.apply(false));
        std::array<bool, 2> done{};
        for (std::size_t i = random.below(12); i > 0; --i)
            edit(random, source, edits, model, done);
        const bool add_length = random.one_in(2);
        const auto out = edits.apply(add_length);
        REQUIRE(out == model.apply(add_length));

        const auto again = index_message(out, Framing::datagram);
        REQUIRE(again.has_value());
        CHECK(again->defect() == Error::none);
        CHECK(again->body() == source.body);
        CHECK(again->excess() == 0);
    }
}
