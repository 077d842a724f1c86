#pragma once

#include "sip/parser.hpp"
#include "transaction/client_transaction.hpp"
#include "transaction/loop/task.hpp"
#include "transaction/server_transaction.hpp"
#include "transaction/transaction_layer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::transaction::test {

inline constexpr TimePoint start = TimePoint(std::chrono::seconds(1'000));

/// A transport that only writes down what is sent, and fails when told to.
class FakeFlows final : public transport::FlowTable {
  public:
    struct Sent {
        long long at = 0; ///< milliseconds since `start`
        Flow flow;
        std::string bytes;
        transport::Ticket ticket = 0;
    };

    explicit FakeFlows(const Loop& loop)
        : loop_(loop) {}

    Result<void> send(const Flow& flow, Bytes bytes, transport::Ticket ticket) override {
        if (failure)
            return *failure;
        const auto since = loop_.now() - start;
        sent.push_back({std::chrono::duration_cast<std::chrono::milliseconds>(since).count(), flow,
                        std::string(bytes.view()), ticket});
        if (on_send)
            on_send(sent.back());
        return {};
    }
    void connect(transport::ConnectTarget /*target*/, std::chrono::milliseconds /*timeout*/,
                 transport::Ticket /*ticket*/) override {}
    void lend(const Flow& /*flow*/, const transport::LentFor& /*peer*/) override {}
    void forget(const Flow& /*flow*/) override {}
    void keep_alive(FlowId /*id*/) override {}
    [[nodiscard]] std::optional<Flow> find(FlowId /*id*/) const override { return std::nullopt; }
    [[nodiscard]] bool is_open(FlowId /*id*/) const override { return true; }
    void close(FlowId /*id*/, Error /*why*/) override {}
    [[nodiscard]] ListenerIndex listener_for(Transport /*transport*/,
                                             const IpAddress& /*remote*/) const override {
        return 0;
    }
    [[nodiscard]] Endpoint local_for(ListenerIndex /*listener*/,
                                     const IpAddress& /*remote*/) const override {
        return {};
    }

    std::vector<Sent> sent;
    std::optional<Error> failure;
    std::function<void(const Sent&)> on_send;

  private:
    const Loop& loop_;
};

[[nodiscard]] inline sip::Message parsed(std::string text) {
    auto message = sip::index_message(std::move(text), sip::Framing::datagram);
    REQUIRE(message.has_value());
    return std::move(*message);
}

[[nodiscard]] inline Flow flow_by(Transport transport) {
    Flow flow;
    flow.transport = transport;
    flow.remote = *Endpoint::parse("192.0.2.7:5070");
    return flow;
}

/// A request as it comes in or leaves; `branch` is that of its top Via.
[[nodiscard]] inline std::string request(const std::string& method, const std::string& branch,
                                         const std::string& to_tag = {}) {
    const std::string sequence = method == "ACK" || method == "CANCEL" ? "INVITE" : method;
    return method +
           " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a.example.com:5070;branch=" + branch +
           "\r\nMax-Forwards: 70\r\nRoute: <sip:hop.example.com;lr>\r\n" +
           "To: <sip:bob@example.com>" + (to_tag.empty() ? "" : ";tag=" + to_tag) +
           "\r\nFrom: <sip:alice@example.com>;tag=f" + "\r\nCall-ID: c-" + sequence +
           "\r\nCSeq: 7 " + method + "\r\nContent-Length: 0\r\n\r\n";
}

/// A response to such a request.
[[nodiscard]] inline std::string response(int status, const std::string& method,
                                          const std::string& branch,
                                          const std::string& to_tag = "t") {
    return "SIP/2.0 " + std::to_string(status) +
           " Some Reason\r\nVia: SIP/2.0/UDP a.example.com:5070;branch=" + branch +
           "\r\nTo: <sip:bob@example.com>;tag=" + to_tag +
           "\r\nFrom: <sip:alice@example.com>;tag=f\r\nCall-ID: c-" + method + "\r\nCSeq: 7 " +
           method + "\r\nContent-Length: 0\r\n\r\n";
}

/// One worker's transactions in virtual time, and a response context that writes down its events.
class Scene {
  public:
    Scene() { contexts.spawn(keep_events(loop, *this)); }

    /// Gives a message to the layer as if it had arrived; true if a transaction took it.
    bool arrive(std::string text, Transport transport = Transport::udp) {
        auto left = layer.accept({parsed(std::move(text)), flow_by(transport)});
        loop.run();
        return !left;
    }

    ServerTransaction serve(std::string text, Transport transport = Transport::udp) {
        auto message = std::make_shared<const sip::Message>(parsed(std::move(text)));
        auto server = ServerTransaction::start(layer, std::move(message), flow_by(transport),
                                               MailboxRef<Event>(inbox));
        loop.run();
        return server;
    }

    ClientTransaction ask(const std::string& method, const std::string& branch,
                          Transport transport = Transport::udp) {
        return ask(request(method, branch), method, branch, transport);
    }
    ClientTransaction ask(std::string text, const std::string& method, const std::string& branch,
                          Transport transport) {
        ClientRequest asked;
        asked.bytes = Bytes(std::move(text));
        asked.key = fsm::ClientKey(branch, method);
        asked.flow = flow_by(transport);
        asked.branch = 3;
        auto client = ClientTransaction::start(layer, std::move(asked), MailboxRef<Event>(inbox));
        loop.run();
        return client;
    }

    void respond(ServerTransaction& server, std::uint16_t status, const std::string& method) {
        server.respond(status, Bytes(response(status, method, "z9hG4bKs")));
        loop.run();
    }

    /// Lets time pass, stopping at every deadline on the way.
    void pass(Duration duration) {
        const TimePoint end = loop.now() + duration;
        loop.run();
        for (TimePoint next = loop.next_deadline(); next <= end; next = loop.next_deadline()) {
            loop.advance(next);
            loop.run();
        }
        loop.advance(end);
        loop.run();
    }

    [[nodiscard]] std::vector<long long> moments() const {
        std::vector<long long> all;
        all.reserve(flows.sent.size());
        for (const auto& sent : flows.sent)
            all.push_back(sent.at);
        return all;
    }
    /// First lines of what was sent, up to the second space.
    [[nodiscard]] std::vector<std::string> sent() const {
        std::vector<std::string> lines;
        for (const auto& one : flows.sent) {
            const bool is_response = one.bytes.starts_with("SIP/2.0 ");
            lines.push_back(is_response ? one.bytes.substr(8, 3)
                                        : one.bytes.substr(0, one.bytes.find(' ')));
        }
        return lines;
    }

    /// The events of one kind, in order.
    template <class Kind>
    [[nodiscard]] std::vector<const Kind*> events() const {
        std::vector<const Kind*> found;
        for (const Event& event : seen) {
            if (const auto* const kind = std::get_if<Kind>(&event))
                found.push_back(kind);
        }
        return found;
    }
    [[nodiscard]] std::vector<int> statuses() const {
        std::vector<int> all;
        for (const auto* const passed : events<BranchResponse>())
            all.push_back(passed->message->status());
        return all;
    }
    /// No transaction is left; only the context's own task.
    [[nodiscard]] bool all_ended() const {
        return layer.scope.idle() && layer.servers.size() == 0 && layer.clients.size() == 0;
    }

    std::vector<Event> seen;
    Loop loop{start};
    FakeFlows flows{loop};
    TransactionLayer layer{loop, flows, HashKey{1, 2}};
    Mailbox<Event> inbox{loop};
    Scope contexts{loop};

  private:
    static Task keep_events(Loop& /*loop*/, Scene& scene) {
        while (Taken<Event> event = co_await scene.inbox.next(never))
            scene.seen.push_back(std::move(*event));
    }
};

} // namespace roundabout::transaction::test
