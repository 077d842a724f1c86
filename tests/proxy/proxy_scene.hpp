#pragma once

#include "proxy/worker.hpp"
#include "routing/scene_fixture.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One worker's proxy core in virtual time, between peers that only write down what they get.
namespace roundabout::proxy::test {

using namespace std::chrono_literals; // NOLINT: every test counts in them

inline constexpr TimePoint start = TimePoint(std::chrono::seconds(1'000));
inline constexpr WallTime noon = WallTime(std::chrono::seconds(1'700'000'000));

// The peers of routing/scene_fixture.hpp, as flows.
[[nodiscard]] Flow pbx();                         ///< trusted, UDP
[[nodiscard]] Flow carrier(std::uint64_t serial); ///< trusted, a TCP connection that we opened
[[nodiscard]] Flow phone();                       ///< a client by UDP
[[nodiscard]] Flow browser(std::uint64_t serial); ///< a client by WSS
[[nodiscard]] Flow outsider();                    ///< nobody we know, by UDP

/// A network in which everything arrives, unless told otherwise. Connections are there once they
/// are put into `open`.
class FakeNetwork final : public transport::FlowTable {
  public:
    struct Sent {
        std::chrono::milliseconds at{}; ///< since `start`
        Flow flow;
        std::string bytes;
        transport::Ticket ticket = 0;
    };
    struct Dial {
        transport::ConnectTarget target;
        transport::Ticket ticket = 0;
    };

    explicit FakeNetwork(const transaction::Loop& loop)
        : loop_(loop) {}

    Result<void> send(const Flow& flow, Bytes bytes, transport::Ticket ticket) override;
    void connect(transport::ConnectTarget target, std::chrono::milliseconds timeout,
                 transport::Ticket ticket) override;
    void lend(const Flow& flow, const transport::LentFor& peer) override;
    void forget(const Flow& flow) override;
    void keep_alive(FlowId id) override { kept_alive.push_back(id); }
    [[nodiscard]] std::optional<Flow> find(FlowId id) const override;
    [[nodiscard]] bool is_open(FlowId id) const override { return open.contains(id); }
    void close(FlowId id, Error why) override;
    [[nodiscard]] ListenerIndex listener_for(Transport transport,
                                             const IpAddress& remote) const override;
    [[nodiscard]] Endpoint local_for(ListenerIndex listener,
                                     const IpAddress& remote) const override;

    std::vector<Sent> sent;
    std::vector<Dial> dials;
    std::map<FlowId, Flow> open;
    std::vector<std::pair<Flow, transport::LentFor>> lent;
    std::vector<FlowId> forgotten;
    std::vector<FlowId> kept_alive;

  private:
    const transaction::Loop& loop_;
};

/// Keeps what it is asked to write; the test says when it is on disk.
class FakeStore final : public store::BindingStore {
  public:
    void commit(registration::ChangeSet changes, store::Asker asker) override;
    void find(store::Lookup lookup, store::Asker asker) override {
        lookups.emplace_back(std::move(lookup), asker);
    }
    void subscribe(store::Subscriber /*subscriber*/) override {}
    store::StoreResult<store::LoadSummary>
    load(WallTime now, std::size_t page_size,
         const std::function<void(std::vector<registration::Binding>)>& page) override;
    [[nodiscard]] store::StoreCounts counts() const override { return {}; }
    [[nodiscard]] store::StoreHealth health() const override { return {}; }
    [[nodiscard]] std::vector<bool>
    unwritten(std::span<const registration::BindingId> ids) const override {
        std::vector<bool> unwritten;
        for (const registration::BindingId& id : ids)
            unwritten.push_back(volatile_ids.contains(id));
        return unwritten;
    }
    void stop() override {}

    std::vector<std::pair<store::Lookup, store::Asker>> lookups;
    std::set<registration::BindingId> volatile_ids;

    std::vector<std::pair<registration::ChangeSet, store::Asker>> asked;
};

class ProxyScene {
  public:
    ProxyScene()
        : ProxyScene(0, {nullptr}, nullptr) {}
    /// One worker of several: its number, the inboxes of all, and what they share; `recent` null:
    /// it knows nothing of the others.
    ProxyScene(std::uint16_t number, const transport::Inboxes& inboxes, RecentRequests* recent);
    ~ProxyScene();
    ProxyScene(const ProxyScene&) = delete;
    ProxyScene& operator=(const ProxyScene&) = delete;

    /// Makes a changed `place.config` the current one.
    void reconfigure();

    /// A message arrives, and everything runs that can.
    void arrive(const Flow& from, std::string_view text);
    void arrive(const Flow& from, const sip::Message& message) { arrive(from, message.bytes()); }
    /// The answer of whoever got `request`, which is one of what was sent; with its Record-Routes.
    void answer(const FakeNetwork::Sent& request, std::uint16_t status,
                const std::string& headers = {});
    /// The oldest dial under way succeeds or fails.
    void connected(const Result<Flow>& flow, bool reused = false);
    /// A browser's INVITE to the carrier, sent by its first connection.
    void call_carrier(bool reused = false);
    void closed(const Flow& flow);
    void send_failed(const FakeNetwork::Sent& sent);
    /// The oldest commit ends.
    void committed(bool stored = true);

    /// Lets time pass, stopping at every deadline on the way.
    void pass(Duration duration);

    /// What was sent since the last call, "INVITE pbx, 100 phone": method or status, and to whom.
    [[nodiscard]] std::string sent();
    /// The newest of what was ever sent that `sent()` would name so.
    [[nodiscard]] const FakeNetwork::Sent& last(std::string_view line) const;

    /// A binding that pbx granted, for a browser with that number.
    registration::Binding bind(const std::string& aor, std::uint8_t number, std::uint16_t q = 1000);

    /// No transaction and no context is left, nothing counts as unanswered.
    [[nodiscard]] bool all_ended() const;

    roundabout::test::Place place;
    AddressBook book; ///< for host names; reconfigure() takes it too
    transaction::Loop loop{start};
    FakeNetwork network{loop};
    FakeStore store;
    registration::BindingTable bindings{HashKey{3, 4}};
    Counters counters;
    Measures measures;
    std::atomic<std::size_t> unanswered{0};
    transaction::TransactionLayer layer{loop, network, HashKey{1, 2}};
    transaction::Scope contexts{loop};

  private:
    void run();
    [[nodiscard]] transport::Inboxes all_or_own(const transport::Inboxes& all);

    boost::asio::io_context never_run_;
    transport::Inbox resolver_inbox_{[] {}, 1};
    std::unique_ptr<transport::Resolver> resolver_;
    std::size_t told_ = 0;
    transport::Inbox own_inbox_{[] {}, 100};
    transport::Inboxes inboxes_;
    RecentRequests own_recent_;

  public:
    SourceRates rates{1024, HashKey{5, 6}};
    Parked parked{inboxes_};
    ServerHealth health;
    Services services;
    Worker worker;
};

/// A header's value in a message that was sent; the first of that name.
[[nodiscard]] std::string value(std::string_view message, std::string_view name);
/// The branch of the top Via.
[[nodiscard]] std::string branch_of(const FakeNetwork::Sent& sent);
/// The Route line of who got that response to its dialog-forming request.
[[nodiscard]] std::string route_back(const FakeNetwork::Sent& response);
/// The URI in its Contact.
[[nodiscard]] std::string contact_uri(const FakeNetwork::Sent& sent);
/// "To: ..." with the tag that `ProxyScene::answer` gives.
inline const std::string answered_to = "To: <sip:b@b.test>;tag=answer";
/// A Via line with that branch, of somebody behind a NAT.
[[nodiscard]] std::string via(const std::string& branch);

/// What became of a request that left before a restart, as its target got it: `line` names it as in
/// `ProxyScene::last`.
[[nodiscard]] FakeNetwork::Sent sent_before(const Flow& from, const sip::Message& request,
                                            std::string_view line);
/// The target's answer to it, with its Record-Routes.
[[nodiscard]] std::string answer_to(const FakeNetwork::Sent& sent, std::uint16_t status);

} // namespace roundabout::proxy::test
