// The messages of calls through the real core, from the received bytes to what is handed to the
// transport: index, check, transaction, decision, edits. As a test it shows that each message goes
// where it should; under callgrind `run` learns from it what each kind costs.
#include "bench/core/count.hpp"
#include "bench/core/message_file.hpp"
#include "bench/load/sip_text.hpp"
#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace roundabout;
using namespace roundabout::bench;
using namespace roundabout::proxy::test;

namespace {

/// How many messages of a kind a count is the mean of.
int batch_size() {
    const char* const asked = std::getenv("ROUNDABOUT_BENCH_MESSAGES"); // NOLINT: one thread
    return asked == nullptr ? 3 : std::atoi(asked);
}

struct Passing {
    Flow flow;
    std::string bytes;
};
using Batch = std::vector<Passing>;

Batch each(int first, const auto& make) {
    Batch batch;
    for (int i = 0; i < batch_size(); ++i)
        batch.push_back(make(first + i, static_cast<std::size_t>(i)));
    return batch;
}

/// What the peers that got `requests` say to them.
Batch answers(const MessageFile& file, const Batch& requests) {
    return each(0, [&](int number, std::size_t i) {
        return Passing{requests[i].flow, file.fill(number, requests[i].bytes)};
    });
}

/// One worker's core. The first pass of a scenario fills its pools and tables, the second counts.
class Core : public ProxyScene {
  public:
    void begin_counting() { counting_ = true; }

    /// All of these arrive, one after another; gives what was sent, and fails unless that is one
    /// message for each that arrived, each beginning with `expected` (none at all if it is empty).
    Batch give(const std::string& name, const Batch& arriving, const std::string& expected,
               bool commits = false) {
        network.sent.clear();
        for (const Passing& passing : arriving) {
            if (passing.flow.id)
                network.open[passing.flow.id] = passing.flow;
        }
        const std::string size = std::to_string(arriving.front().bytes.size());
        {
            const Count count(named(name, size));
            for (const Passing& passing : arriving) {
                auto message =
                    sip::index_message(std::string(passing.bytes), sip::Framing::datagram);
                worker.take(transport::Inbound{std::move(*message), passing.flow});
                loop.run();
                if (commits)
                    commit();
            }
        }
        Batch left;
        for (FakeNetwork::Sent& sent : network.sent)
            left.push_back({sent.flow, std::move(sent.bytes)});
        REQUIRE(left.size() == (expected.empty() ? 0 : arriving.size()));
        for (const Passing& passing : left)
            REQUIRE_MESSAGE(passing.bytes.starts_with(expected), passing.bytes);
        return left;
    }

    /// Every timer runs out.
    void end_all(const std::string& name) {
        {
            const Count count(named(name, "0"));
            pass(70s);
        }
        REQUIRE(all_ended());
    }

  private:
    void commit() {
        store::Committed done;
        done.ticket = store.asked.front().second.ticket;
        done.stored = true;
        store.asked.erase(store.asked.begin());
        worker.take(store::Outcome(done));
        loop.run();
    }

    [[nodiscard]] std::string named(const std::string& name, const std::string& size) const {
        if (!counting_)
            return {};
        return name + "|" + size + "|" + std::to_string(batch_size());
    }

    bool counting_ = false;
};

struct Side {
    std::string name;
    std::string via;
    std::string contact; ///< of whoever is called
};
const Side phone_side{"phone", "SIP/2.0/UDP 203.0.113.9:5062", {}};
const Side browser_side{"browser", "SIP/2.0/WSS 8f2l0c7a.invalid", {}};
const Side server_side{"server", "SIP/2.0/UDP 198.51.100.1:5060", "sip:bob@198.51.100.1:5060"};

/// From the INVITEs to the end of their transactions.
void call(Core& core, const std::string& name, const Batch& invites, const Side& caller,
          const std::string& callee_contact, const std::string& ok_file) {
    const auto title = [&](std::string_view kind) { return name + ": " + std::string(kind); };
    const Batch invited = core.give(title("INVITE"), invites, "INVITE ");
    core.give(title("100, absorbed"), answers(MessageFile("100.sip"), invited), "");
    MessageFile ringing("180.sip");
    ringing.contact = callee_contact;
    core.give(title("180"), answers(ringing, invited), "SIP/2.0 180 ");
    MessageFile ok(ok_file);
    ok.contact = callee_contact;
    const Batch answered = core.give(title("200"), answers(ok, invited), "SIP/2.0 200 ");
    const auto within = [&](std::string_view file) {
        MessageFile request(file);
        request.via = caller.via;
        return each(0, [&](int number, std::size_t i) {
            return Passing{invites[i].flow, request.fill(number, answered[i].bytes)};
        });
    };
    core.give(title("ACK"), within("ack.sip"), "ACK ");
    const Batch ending = core.give(title("BYE"), within("bye.sip"), "BYE ");
    core.give(title("200 to BYE"), answers(MessageFile("200.sip"), ending), "SIP/2.0 200 ");
    core.end_all(title("its timers"));
}

/// Runs it once for the pools, then once again, with other numbers, for the count.
void twice(const auto& scenario) {
    Core core;
    scenario(core, 1);
    core.begin_counting();
    scenario(core, 1 + batch_size());
}

} // namespace

TEST_CASE("A UDP phone calls a UDP server") {
    twice([](Core& core, int first) {
        const MessageFile invite("invite_phone.sip");
        const Batch invites = each(first, [&](int number, std::size_t /*i*/) {
            return Passing{phone(), invite.fill(number)};
        });
        call(core, "UDP to UDP", invites, phone_side, server_side.contact, "200_invite.sip");
    });
}

TEST_CASE("A browser calls a UDP server") {
    twice([](Core& core, int first) {
        const MessageFile invite("invite_browser.sip");
        const Batch invites = each(first, [&](int number, std::size_t /*i*/) {
            return Passing{browser(static_cast<std::uint64_t>(number)), invite.fill(number)};
        });
        call(core, "WSS to UDP", invites, browser_side, server_side.contact, "200_invite.sip");
    });
}

TEST_CASE("A browser registers, and its server calls it") {
    twice([](Core& core, int first) {
        const MessageFile file("register.sip");
        const Batch registers = each(first, [&](int number, std::size_t /*i*/) {
            return Passing{browser(static_cast<std::uint64_t>(number)), file.fill(number)};
        });
        const Batch asked = core.give("WSS to UDP: REGISTER", registers, "REGISTER ");
        core.give("WSS to UDP: 200 to REGISTER", answers(MessageFile("200_register.sip"), asked),
                  "SIP/2.0 200 ", true);
        core.end_all("WSS to UDP: timers of a REGISTER");
        const MessageFile invite("invite_server.sip");
        const Batch invites = each(first, [&](int number, std::size_t i) {
            return Passing{pbx(), invite.fill(number, asked[i].bytes)};
        });
        call(core, "UDP to WSS", invites, server_side,
             "sip:8k2j1n0q@8f2l0c7a.invalid;transport=ws;ob", "200_invite_browser.sip");
    });
}

TEST_CASE("A browser sends a MESSAGE to a UDP server") {
    twice([](Core& core, int first) {
        const MessageFile file("message.sip");
        const Batch messages = each(first, [&](int number, std::size_t /*i*/) {
            return Passing{browser(static_cast<std::uint64_t>(number)), file.fill(number)};
        });
        const Batch passed = core.give("WSS to UDP: MESSAGE", messages, "MESSAGE ");
        core.give("WSS to UDP: 200 to MESSAGE", answers(MessageFile("200.sip"), passed),
                  "SIP/2.0 200 ");
        core.end_all("WSS to UDP: timers of a MESSAGE");
    });
}
