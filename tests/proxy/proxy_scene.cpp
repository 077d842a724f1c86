#include "proxy/proxy_scene.hpp"

#include "sip/parser.hpp"
#include "sip/response.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace roundabout::proxy::test {
namespace {

constexpr std::uint32_t boot = 42;

Flow flow(Transport transport, ListenerIndex listener, std::string_view remote,
          std::uint64_t serial) {
    Flow made;
    made.transport = transport;
    made.listener = listener;
    made.local = *Endpoint::parse("192.0.2.1:5060");
    made.remote = *Endpoint::parse(remote);
    if (serial != 0)
        made.id = {0, 0, boot, serial};
    return made;
}

std::string name_of(const Flow& to) {
    const std::string remote = to.remote.to_string();
    if (to.transport == Transport::wss)
        return "browser" + std::to_string(to.id.serial);
    if (remote == "198.51.100.1:5060")
        return "pbx";
    if (remote == "198.51.100.2:5070")
        return "carrier";
    return to.remote == phone().remote ? "phone" : remote;
}

std::string line_of(const FakeNetwork::Sent& sent) {
    const std::string_view bytes = sent.bytes;
    const std::string_view what =
        bytes.starts_with("SIP/2.0 ") ? bytes.substr(8, 3) : bytes.substr(0, bytes.find(' '));
    return std::string(what) + " " + name_of(sent.flow);
}

registration::BindingTokens binding_tokens(const routing::Tokens& tokens) {
    registration::BindingTokens made;
    made.id = [&tokens](std::string_view server, std::string_view aor, std::string_view contact,
                        std::string_view instance, std::uint32_t reg_id) {
        return tokens.binding_id(server, aor, contact, instance, reg_id);
    };
    made.text = routing::to_text;
    made.parse = routing::parse_binding_id;
    return made;
}

} // namespace

Flow pbx() { return flow(Transport::udp, 0, "198.51.100.1:5060", 0); }
Flow carrier(std::uint64_t serial) {
    Flow made = flow(Transport::tcp, 2, "198.51.100.2:5070", 1000 + serial);
    made.outgoing = true;
    return made;
}
Flow phone() { return flow(Transport::udp, 0, "203.0.113.9:5062", 0); }
Flow browser(std::uint64_t serial) { return flow(Transport::wss, 1, "203.0.113.20:40001", serial); }
Flow outsider() { return flow(Transport::udp, 0, "192.0.2.99:5060", 0); }

// The network and the store.

Result<void> FakeNetwork::send(const Flow& to, Bytes bytes, transport::Ticket ticket) {
    if (is_reliable(to.transport) && !is_open(to.id))
        return Error::flow_unknown;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - start);
    sent.push_back({since, to, std::string(bytes.view()), ticket});
    return {};
}

void FakeNetwork::connect(transport::ConnectTarget target, std::chrono::milliseconds /*timeout*/,
                          transport::Ticket ticket) {
    dials.push_back({std::move(target), ticket});
}

void FakeNetwork::lend(const Flow& flow, const transport::LentFor& peer) {
    lent.emplace_back(flow, peer);
}

void FakeNetwork::forget(const Flow& flow) { forgotten.push_back(flow.id); }

std::optional<Flow> FakeNetwork::find(FlowId id) const {
    const auto found = open.find(id);
    return found == open.end() ? std::nullopt : std::optional(found->second);
}

void FakeNetwork::close(FlowId id, Error /*why*/) { open.erase(id); }

ListenerIndex FakeNetwork::listener_for(Transport transport, const IpAddress& /*remote*/) const {
    return transport == Transport::udp ? ListenerIndex{0} : ListenerIndex{2};
}

Endpoint FakeNetwork::local_for(ListenerIndex /*listener*/, const IpAddress& /*remote*/) const {
    return *Endpoint::parse("192.0.2.1:5060");
}

void FakeStore::commit(registration::ChangeSet changes, store::Asker asker) {
    asked.emplace_back(std::move(changes), asker);
}

store::StoreResult<store::LoadSummary>
FakeStore::load(WallTime /*now*/, std::size_t /*page_size*/,
                const std::function<void(std::vector<registration::Binding>)>& /*page*/) {
    return store::LoadSummary{};
}

// The scene.

ProxyScene::ProxyScene(std::uint16_t number, const transport::Inboxes& inboxes,
                       RecentRequests* recent)
    : resolver_(*transport::Resolver::make(never_run_, resolver_inbox_, {}))
    , inboxes_(all_or_own(inboxes))
    , own_recent_(static_cast<std::uint16_t>(inboxes_.size()))
    , services{loop,
               layer,
               contexts,
               network,
               *resolver_,
               place.tokens,
               place.keys,
               binding_tokens(place.tokens),
               bindings,
               store,
               parked,
               health,
               counters,
               measures,
               [] { return noon; },
               [] { return noon; },
               number,
               boot,
               unanswered,
               nullptr,
               {},
               0,
               {}}
    , worker(services, inboxes_, recent != nullptr ? *recent : own_recent_, rates) {
    spdlog::set_level(spdlog::level::off);
    config::Listener tcp;
    tcp.transport = Transport::tcp;
    tcp.bind = *Endpoint::parse("192.0.2.1:5060");
    place.config.listeners.push_back(tcp);
    reconfigure();
}

ProxyScene::~ProxyScene() {
    contexts.destroy_tasks(); // they use the services until they end
    layer.scope.destroy_tasks();
}

void ProxyScene::reconfigure() {
    services.snapshot = make_snapshot(std::make_shared<const config::Config>(place.config),
                                      std::make_shared<AddressBook>(book), {}, place.tokens);
    health.know(server_places(*services.snapshot));
}

transport::Inboxes ProxyScene::all_or_own(const transport::Inboxes& all) {
    return all == transport::Inboxes{nullptr} ? transport::Inboxes{&own_inbox_} : all;
}

void ProxyScene::run() {
    std::vector<transport::Arrival> batch;
    do {
        for (transport::Arrival& arrival : batch)
            worker.take(std::move(arrival));
        loop.run();
        own_inbox_.take(batch);
    } while (!batch.empty());
}

void ProxyScene::arrive(const Flow& from, std::string_view text) {
    auto message = sip::index_message(std::string(text), sip::Framing::datagram);
    REQUIRE(message.has_value());
    if (from.id)
        network.open[from.id] = from;
    worker.take(transport::Inbound{std::move(*message), from});
    run();
}

void ProxyScene::answer(const FakeNetwork::Sent& request, std::uint16_t status,
                        const std::string& headers) {
    const auto message = sip::index_message(request.bytes, sip::Framing::datagram);
    REQUIRE(message.has_value());
    sip::ResponseParts parts;
    parts.status = status;
    parts.to_tag = "answer";
    const std::string route = value(request.bytes, "Record-Route");
    const std::string lines = route.empty() ? headers : "Record-Route: " + route + "\r\n" + headers;
    parts.headers = lines;
    const Flow from = request.flow;
    arrive(from, sip::make_response(*message, parts));
}

void ProxyScene::connected(const Result<Flow>& flow, bool reused) {
    REQUIRE_FALSE(network.dials.empty());
    const transport::Ticket ticket = network.dials.front().ticket;
    network.dials.erase(network.dials.begin());
    if (flow)
        network.open[flow->id] = *flow;
    worker.take(transport::Connected{ticket, flow, reused});
    run();
}

void ProxyScene::call_carrier(bool reused) {
    arrive(browser(1), roundabout::test::request("INVITE", "sip:bob@carrier.test",
                                                 {"Contact: <sip:al@x.invalid;transport=ws>"}));
    connected(carrier(1), reused);
    CHECK(sent() == "INVITE carrier");
}

void ProxyScene::closed(const Flow& flow) {
    network.open.erase(flow.id);
    worker.take(transport::FlowClosed{flow, Error::flow_closed});
    run();
}

void ProxyScene::send_failed(const FakeNetwork::Sent& sent) {
    worker.take(transport::SendFailed{sent.ticket, Error::send_failed});
    run();
}

void ProxyScene::committed(bool stored) {
    REQUIRE_FALSE(store.asked.empty());
    store::Committed done;
    done.ticket = store.asked.front().second.ticket;
    done.stored = stored;
    store.asked.erase(store.asked.begin());
    worker.take(store::Outcome(done));
    run();
}

void ProxyScene::pass(Duration duration) {
    const TimePoint end = loop.now() + duration;
    for (TimePoint next = loop.next_deadline(); next <= end; next = loop.next_deadline()) {
        loop.advance(next);
        run();
    }
    loop.advance(end);
    run();
}

std::string ProxyScene::sent() {
    std::string lines;
    for (; told_ < network.sent.size(); ++told_)
        lines += (lines.empty() ? "" : ", ") + line_of(network.sent[told_]);
    return lines;
}

const FakeNetwork::Sent& ProxyScene::last(std::string_view line) const {
    const auto found = std::find_if(network.sent.rbegin(), network.sent.rend(),
                                    [line](const auto& sent) { return line_of(sent) == line; });
    REQUIRE_MESSAGE(found != network.sent.rend(), "not sent: ", std::string(line));
    return *found;
}

registration::Binding ProxyScene::bind(const std::string& aor, std::uint8_t number,
                                       std::uint16_t q) {
    const std::string contact = "sip:c" + std::to_string(number) + "@x.invalid;transport=ws";
    registration::Binding made = roundabout::test::binding(aor, contact, "pbx", number);
    made.user = "c" + std::to_string(number);
    made.flow = browser(number);
    made.q = q;
    made.expires = noon + 1h;
    made.call_id = "registration-" + std::to_string(number);
    registration::ChangeSet changes;
    changes.upserts.push_back(made);
    bindings.apply(std::move(changes));
    network.open[made.flow.id] = made.flow;
    return made;
}

bool ProxyScene::all_ended() const {
    return contexts.idle() && layer.scope.idle() && layer.servers.size() == 0 &&
           layer.clients.size() == 0 && unanswered == 0;
}

std::string value(std::string_view message, std::string_view name) {
    const std::string field = "\r\n" + std::string(name) + ": ";
    const std::size_t at = message.find(field);
    if (at == std::string_view::npos)
        return {};
    const std::size_t from = at + field.size();
    return std::string(message.substr(from, message.find("\r\n", from) - from));
}

std::string branch_of(const FakeNetwork::Sent& sent) {
    const std::string top = value(sent.bytes, "Via");
    const std::size_t at = top.find("branch=") + 7;
    return top.substr(at, top.find(';', at) - at);
}

std::string route_back(const FakeNetwork::Sent& response) {
    const std::string recorded = value(response.bytes, "Record-Route");
    const std::size_t comma = recorded.find(", ");
    return "Route: " + recorded.substr(comma + 2) + ", " + recorded.substr(0, comma);
}

std::string contact_uri(const FakeNetwork::Sent& sent) {
    const std::string contact = value(sent.bytes, "Contact");
    const std::size_t from = contact.find('<') + 1;
    return contact.substr(from, contact.find('>') - from);
}

std::string via(const std::string& branch) {
    return "Via: SIP/2.0/UDP 192.168.1.9:5060;branch=" + branch + ";rport";
}

FakeNetwork::Sent sent_before(const Flow& from, const sip::Message& request,
                              std::string_view line) {
    ProxyScene before;
    before.arrive(from, request);
    return before.last(line);
}

std::string answer_to(const FakeNetwork::Sent& sent, std::uint16_t status) {
    const std::string route = value(sent.bytes, "Record-Route");
    const std::string lines = route.empty() ? route : "Record-Route: " + route + "\r\n";
    sip::ResponseParts parts;
    parts.status = status;
    parts.to_tag = "answer";
    parts.headers = lines;
    return sip::make_response(*sip::index_message(sent.bytes, sip::Framing::datagram), parts);
}

} // namespace roundabout::proxy::test
