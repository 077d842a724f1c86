#include "proxy/deciding.hpp"
#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

/// A gateway: several addresses-of-record by one flow.
registration::Binding register_by(ProxyScene& scene, const Flow& flow, const std::string& aor,
                                  std::uint8_t number) {
    registration::Binding binding = scene.bind(aor, number);
    binding.flow = flow;
    ++binding.cseq;
    registration::ChangeSet changes;
    changes.upserts.push_back(binding);
    scene.bindings.apply(std::move(changes));
    return binding;
}

std::optional<registration::BindingId> sender_of(ProxyScene& scene, const Flow& flow,
                                                 const std::string& from) {
    const sip::Message invite = request("INVITE", "sip:bob@pbx.test", {"From: " + from});
    return source_of(invite, flow, nullptr, scene.services, *scene.services.snapshot).binding;
}

} // namespace

TEST_CASE(
    "source: of several bindings over one flow the sender is the one whose AOR is the From's") {
    for (const Flow& flow : {phone(), browser(9)}) {
        ProxyScene scene;
        CHECK_FALSE(sender_of(scene, flow, "<sip:alice@pbx.test>;tag=f"));
        const auto alice = register_by(scene, flow, "sip:alice@pbx.test", 1);
        CHECK(sender_of(scene, flow, "<sip:somebody@else.test>;tag=f") == alice.id);
        const auto carol = register_by(scene, flow, "sip:carol@pbx.test", 2);
        const auto dave = register_by(scene, flow, "sip:dave@pbx.test", 3);
        CHECK(sender_of(scene, flow, "<sip:alice@pbx.test>;tag=f") == alice.id);
        CHECK(sender_of(scene, flow, "\"C\" <sip:carol@PBX.test>;tag=f") == carol.id);
        CHECK(sender_of(scene, flow, "<sip:dave@pbx.test>;tag=f") == dave.id);
        CHECK(sender_of(scene, flow, "<sip:somebody@else.test>;tag=f")); // one of them
    }
}
