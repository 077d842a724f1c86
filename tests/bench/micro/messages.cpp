// What is done to the bytes of one message: index, check, decide, edit, seal and open tokens.
#include "bench/core/message_file.hpp"
#include "routing/hop.hpp"
#include "routing/scene_fixture.hpp"
#include "sip/parser.hpp"

#include <benchmark/benchmark.h>
#include <string>

using namespace roundabout;
using roundabout::test::Place;

namespace {

std::string invite_text() { return bench::MessageFile("invite_phone.sip").fill(1); }

sip::Message invite() { return *sip::index_message(invite_text(), sip::Framing::datagram); }

void index_message(benchmark::State& state) {
    const std::string text = invite_text();
    for (auto _ : state)
        benchmark::DoNotOptimize(sip::index_message(std::string(text), sip::Framing::datagram));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(index_message);

void check_message(benchmark::State& state) {
    const sip::Message message = invite();
    for (auto _ : state)
        benchmark::DoNotOptimize(sip::check_message(message));
}
BENCHMARK(check_message);

void decide(benchmark::State& state) {
    Place place;
    const sip::Message message = test::request("INVITE", "sip:bob@pbx.test");
    const routing::Source source = Place::client();
    for (auto _ : state)
        benchmark::DoNotOptimize(place.decide(message, source));
}
BENCHMARK(decide);

/// Two Record-Routes and a Contact, each with a sealed token.
void forward_invite(benchmark::State& state) {
    Place place;
    const sip::Message message = invite();
    const routing::Source source = Place::client();
    const routing::Decision decision =
        place.decide(test::request("INVITE", "sip:bob@pbx.test"), source);
    routing::HopSide in;
    in.transport = Transport::wss;
    in.reach = in.contact = {"192.0.2.1", 443};
    in.place = test::wss_client();
    routing::HopSide out;
    out.transport = Transport::udp;
    out.reach = out.contact = {"192.0.2.1", 5060};
    out.place = place.server_place("pbx");
    const Flow flow{Transport::wss, 1,    {}, *Endpoint::parse("203.0.113.20:50000"),
                    {0, 0, 1, 7},   false};
    const routing::RequestHop hop{decision, decision.targets.front(), in, out, flow, {}};
    for (auto _ : state)
        benchmark::DoNotOptimize(routing::forward_request(message, hop, place.tokens, place.keys));
}
BENCHMARK(forward_invite);

void seal_route(benchmark::State& state) {
    Place place;
    const routing::RouteToken token{routing::Side::caller, test::wss_client()};
    for (auto _ : state)
        benchmark::DoNotOptimize(place.tokens.seal_route(token, "call-1"));
}
BENCHMARK(seal_route);

void open_route(benchmark::State& state) {
    Place place;
    const std::string user =
        *place.tokens.seal_route({routing::Side::caller, test::wss_client()}, "call-1");
    for (auto _ : state)
        benchmark::DoNotOptimize(place.tokens.open_route(user, "call-1"));
}
BENCHMARK(open_route);

void refuse_forged_route(benchmark::State& state) {
    Place place;
    const std::string user =
        *place.tokens.seal_route({routing::Side::caller, test::wss_client()}, "call-1");
    for (auto _ : state)
        benchmark::DoNotOptimize(place.tokens.open_route(user, "call-2"));
}
BENCHMARK(refuse_forged_route);

} // namespace
