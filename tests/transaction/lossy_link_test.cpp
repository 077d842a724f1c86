#include "transaction/scene.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction;
using namespace roundabout::transaction::test;
using namespace std::chrono_literals;

namespace {

/// Two layers joined by datagrams of which some are lost, some come twice, and all are late: one
/// asks, the other rings and answers.
class LossyLink {
  public:
    LossyLink(unsigned seed, unsigned lost_percent)
        : random_(seed)
        , lost_percent_(lost_percent) {
        asking.flows.on_send = [this](const auto& sent) { forward(sent, answering); };
        answering.flows.on_send = [this](const auto& sent) { forward(sent, asking); };
    }

    /// Runs both sides and the link until nothing is left to happen.
    void settle() {
        while (true) {
            asking.loop.run();
            answering.loop.run();
            const TimePoint link = on_the_way_.empty() ? never : on_the_way_.begin()->first;
            const TimePoint next =
                std::min({link, asking.loop.next_deadline(), answering.loop.next_deadline()});
            if (next == never)
                return;
            asking.loop.advance(next);
            answering.loop.advance(next);
            while (!on_the_way_.empty() && on_the_way_.begin()->first <= next)
                deliver();
        }
    }

    Scene asking;
    Scene answering;
    /// Requests that made a server transaction, by branch: more than one would be a duplicate.
    std::map<std::string, int> served;

  private:
    struct Datagram {
        Scene* to;
        std::string bytes;
    };

    void forward(const FakeFlows::Sent& sent, Scene& to) {
        const TimePoint now = start + std::chrono::milliseconds(sent.at);
        const int copies = random_() % 20 == 0 ? 2 : 1;
        for (int i = 0; i < copies; ++i) {
            if (random_() % 100 >= lost_percent_)
                on_the_way_.emplace(now + std::chrono::milliseconds(1 + random_() % 80),
                                    Datagram{&to, sent.bytes});
        }
    }

    void deliver() {
        const Datagram datagram = std::move(on_the_way_.begin()->second);
        on_the_way_.erase(on_the_way_.begin());
        auto left = datagram.to->layer.accept({parsed(datagram.bytes), flow_by(Transport::udp)});
        if (!left || datagram.to != &answering)
            return;
        const sip::Method method = left->message.method();
        if (method != sip::Method::ack && method != sip::Method::cancel)
            answer(left->message);
    }

    void answer(const sip::Message& message) {
        const auto key = fsm::ClientKey::of(message);
        REQUIRE(key.has_value());
        const std::string branch(key->branch());
        const std::string method(message.method_name());
        ++served[branch];
        ServerTransaction server = answering.serve(std::string(message.bytes()));
        if (method == "INVITE")
            server.respond(180, Bytes(response(180, method, branch)));
        server.respond(486, Bytes(response(486, method, branch)));
    }

    std::mt19937 random_;
    unsigned lost_percent_;
    std::multimap<TimePoint, Datagram> on_the_way_;
};

} // namespace

TEST_CASE("Over a link that loses, repeats and delays, every branch ends in one verdict") {
    for (const unsigned lost : {0U, 20U, 60U}) {
        CAPTURE(lost);
        LossyLink link(lost + 1, lost);
        constexpr int count = 200;
        std::vector<ClientTransaction> branches;
        for (int i = 0; i < count; ++i) {
            const std::string branch = "z9hG4bK" + std::to_string(i);
            branches.push_back(link.asking.ask(i % 2 == 0 ? "INVITE" : "MESSAGE", branch));
        }
        link.settle();
        // Left are INVITEs that rang and whose final response was lost until Timer H: Timer C's
        // case.
        for (ClientTransaction& branch : branches)
            branch.cancel();
        link.settle();

        int finals = 0;
        for (const int status : link.asking.statuses())
            finals += status == 486 ? 1 : 0;
        const auto failures = static_cast<int>(link.asking.events<BranchFailed>().size());
        CHECK(finals + failures == count);
        CHECK(link.asking.events<BranchEnded>().size() == count);
        CHECK(link.asking.all_ended());
        CHECK(link.answering.all_ended());
        for (const auto& [branch, times] : link.served)
            CHECK_MESSAGE(times == 1, branch);
        if (lost == 0)
            CHECK(failures == 0);
        if (lost <= 20)
            CHECK(finals > count * 9 / 10);
        if (lost == 60)
            CHECK(link.answering.layer.counters.responses_sent_again.value() > 0);
    }
}
