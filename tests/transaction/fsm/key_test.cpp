#include "sip/parser.hpp"
#include "transaction/fsm/key.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::transaction::fsm;

namespace {

struct Parts {
    std::string method = "INVITE";
    std::string uri = "sip:bob@example.com";
    std::string via = "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bKa1";
    std::string from_tag = "88sja8x";
    std::string to_tag;
    std::string call_id = "987asjd97y7atg";
    std::string cseq = "986759";
    std::string cseq_method; ///< empty: the method
};

sip::Message request(const Parts& parts) {
    std::string text = parts.method + " " + parts.uri + " SIP/2.0\r\nVia: " + parts.via + "\r\n";
    text += "Via: SIP/2.0/UDP far.example.net;branch=z9hG4bKfar\r\n";
    text += "To: Bob <sip:bob@example.com>";
    text += parts.to_tag.empty() ? "\r\n" : ";tag=" + parts.to_tag + "\r\n";
    text += "From: Alice <sip:alice@example.com>;tag=" + parts.from_tag + "\r\n";
    text += "Call-ID: " + parts.call_id + "\r\nCSeq: " + parts.cseq + " ";
    text += (parts.cseq_method.empty() ? parts.method : parts.cseq_method) + "\r\n\r\n";
    auto message = sip::index_message(text, sip::Framing::datagram);
    REQUIRE(message.has_value());
    return std::move(*message);
}

ServerKey key(const Parts& parts) {
    auto made = ServerKey::of(request(parts));
    REQUIRE(made.has_value());
    return *made;
}

Parts with(Parts parts, std::string Parts::* field, std::string value) {
    parts.*field = std::move(value);
    return parts;
}

const Parts invite;
const Parts old_invite = with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066;branch=1");

} // namespace

TEST_CASE("R28 a retransmission matches its server transaction") {
    CHECK(key(invite) == key(invite));
    CHECK(key(old_invite) == key(old_invite));
}

TEST_CASE("R28 with the magic cookie branch, sent-by and method count, and nothing else") {
    CHECK(key(with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bKa2")) !=
          key(invite));
    CHECK(key(with(invite, &Parts::via, "SIP/2.0/UDP pc34.example.com:5066;branch=z9hG4bKa1")) !=
          key(invite));
    CHECK(key(with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5067;branch=z9hG4bKa1")) !=
          key(invite));
    CHECK(key(with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com;branch=z9hG4bKa1")) !=
          key(invite));
    CHECK(key(with(invite, &Parts::method, "OPTIONS")) != key(invite));
    CHECK(key(with(invite, &Parts::uri, "sip:carol@example.com")) == key(invite));
    CHECK(key(with(invite, &Parts::call_id, "other")) == key(invite));
    CHECK(key(with(invite, &Parts::to_tag, "t")) == key(invite));
}

TEST_CASE("R28 sent-by is compared in any case, the branch in its own; .invalid is a host as any") {
    const Parts shout =
        with(invite, &Parts::via, "SIP/2.0/UDP PC33.Example.COM:5066;branch=z9hG4bKa1");
    CHECK(key(shout) == key(invite));
    const Parts other =
        with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bKA1");
    CHECK(key(other) != key(invite));
    const Parts browser =
        with(invite, &Parts::via, "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKa1");
    CHECK(key(browser) == key(browser));
    CHECK(key(browser) != key(invite));
}

TEST_CASE("R28 an ACK matches its INVITE, with the cookie and without") {
    CHECK(key(with(invite, &Parts::method, "ACK")) == key(invite));
    const Parts ack = with(with(old_invite, &Parts::method, "ACK"), &Parts::to_tag, "of-response");
    CHECK(key(ack) == key(old_invite));
}

TEST_CASE("R28 R20 a CANCEL has a key of its own and names its INVITE's") {
    for (const Parts& parts : {invite, old_invite}) {
        const Parts cancel = with(parts, &Parts::method, "CANCEL");
        CHECK(key(cancel) != key(parts));
        const auto cancelled = ServerKey::of_cancelled(request(cancel));
        REQUIRE(cancelled.has_value());
        CHECK(*cancelled == key(parts));
    }
}

TEST_CASE("R28 without the cookie each of RFC 2543's fields counts") {
    for (const auto field : {&Parts::uri, &Parts::from_tag, &Parts::call_id})
        CHECK(key(with(old_invite, field, "sip:other")) != key(old_invite));
    CHECK(key(with(old_invite, &Parts::cseq, "986760")) != key(old_invite));
    CHECK(key(with(old_invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066;branch=2")) !=
          key(old_invite));
    CHECK(key(with(old_invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066")) !=
          key(old_invite));
    CHECK(key(with(old_invite, &Parts::method, "OPTIONS")) != key(old_invite));
}

TEST_CASE("R28 without the cookie the To tag counts, save for INVITE and ACK") {
    const Parts bye = with(old_invite, &Parts::method, "BYE");
    CHECK(key(with(bye, &Parts::to_tag, "a")) != key(with(bye, &Parts::to_tag, "b")));
    CHECK(key(with(old_invite, &Parts::to_tag, "a")) == key(old_invite));
}

TEST_CASE("R28 the cookie alone is no branch: RFC 2543's rule holds") {
    const Parts bare =
        with(invite, &Parts::via, "SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK");
    CHECK(key(bare) != key(with(bare, &Parts::call_id, "other")));
}

TEST_CASE("A key knows whether it is a REGISTER's, by RFC 3261 and by RFC 2543") {
    for (const Parts& parts : {invite, old_invite}) {
        CHECK(key(with(parts, &Parts::method, "REGISTER")).is_register());
        CHECK_FALSE(key(with(parts, &Parts::method, "REGISTERS")).is_register());
        CHECK_FALSE(key(parts).is_register());
    }
}

TEST_CASE("A request whose Via can't be read has no key") {
    CHECK_FALSE(ServerKey::of(request(with(invite, &Parts::via, "nonsense"))).has_value());
}

TEST_CASE("R28 a response matches its client transaction by branch and CSeq method") {
    const ClientKey sent("z9hG4bKa1", "INVITE");
    CHECK(sent.branch() == "z9hG4bKa1");
    CHECK(sent.method() == "INVITE");
    CHECK(sent.is_invite());
    CHECK(*ClientKey::of(request(invite)) == sent);
    CHECK(sent != ClientKey("z9hG4bKa2", "INVITE"));
    const ClientKey cancel = sent.with_method("CANCEL");
    CHECK(cancel != sent);
    CHECK_FALSE(cancel.is_invite());
    CHECK(*ClientKey::of(request(with(invite, &Parts::method, "CANCEL"))) == cancel);
}

TEST_CASE("Keys hash alike when they are alike, and otherwise under another secret") {
    const KeyHash hash(HashKey{1, 2});
    const KeyHash other(HashKey{3, 4});
    CHECK(hash(key(invite)) == hash(key(invite)));
    CHECK(hash(key(invite)) != hash(key(old_invite)));
    CHECK(hash(key(invite)) != other(key(invite)));
}
