#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using registration::Binding;
using roundabout::test::request;

namespace {

/// A proxy just started, whose store has a phone's binding that is not in memory yet.
struct StartedScene : ProxyScene {
    StartedScene() {
        bindings.begin_restoring(1000);
        row = roundabout::test::binding("sip:alice@pbx.test", "sip:al@203.0.113.9:5062", "pbx", 7);
        row.user = "al";
        row.flow = phone();
        row.listener = services.snapshot->listener_names.front();
        row.call_id = "registration";
        row.expires = noon + 1h;
        row.version = 900;
    }
    /// The store answers everything that it was asked, with the row where that is meant.
    void store_answers() {
        for (const auto& [lookup, asker] : std::exchange(store.lookups, {})) {
            store::FoundRows found{asker.ticket, std::vector<Binding>()};
            if (means_row(lookup))
                found.bindings->push_back(row);
            worker.take(store::Outcome(std::move(found)));
        }
        loop.run();
    }
    [[nodiscard]] bool means_row(const store::Lookup& lookup) const {
        return lookup == store::Lookup(store::ById{row.id}) ||
               lookup == store::Lookup(store::ByUser{"pbx", "al"}) ||
               lookup == store::Lookup(store::ByAor{"pbx", row.aor}) ||
               lookup == store::Lookup(store::ByRemote{row.flow.remote});
    }
    [[nodiscard]] std::string uri() const {
        return "sip:al@192.0.2.1;rb=" + routing::to_text(row.id);
    }
    Binding row;
};

} // namespace

TEST_CASE("While bindings are read a call by token waits until the store was asked") {
    StartedScene scene;
    scene.arrive(pbx(), request("INVITE", scene.uri(), {}));
    CHECK(scene.sent().empty());
    scene.store_answers();
    CHECK(scene.sent().find("INVITE phone") != std::string::npos);
}

TEST_CASE("While bindings are read a call by user waits until the store was asked") {
    StartedScene scene;
    scene.arrive(pbx(), request("INVITE", "sip:al@192.0.2.1", {}));
    CHECK(scene.sent().empty());
    for (int i = 0; i < 3; ++i)
        scene.store_answers();
    CHECK(scene.sent().find("INVITE phone") != std::string::npos);
}

TEST_CASE("While bindings are read a retransmission leads to no second call") {
    StartedScene scene;
    for (int i = 0; i < 3; ++i)
        scene.arrive(pbx(), request("INVITE", scene.uri(), {}));
    for (int i = 0; i < 3; ++i)
        scene.store_answers();
    const std::string sent = scene.sent();
    CHECK(sent.find("INVITE phone") != std::string::npos);
    CHECK(sent.find("INVITE phone") == sent.rfind("INVITE phone"));
}

TEST_CASE("While bindings are read a store that does not answer is waited for as long as for a "
          "commit") {
    StartedScene scene;
    scene.arrive(pbx(), request("INVITE", scene.uri(), {}));
    scene.pass(1900ms);
    CHECK(scene.sent().empty());
    scene.pass(100ms);
    CHECK(scene.sent() == "404 pbx");
    scene.store_answers(); // too late, and no harm
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R8 while bindings are read a REGISTER is seen against what the store has") {
    StartedScene scene;
    scene.row.cseq = 1'000'000;
    scene.arrive(phone(), request("REGISTER", "sip:pbx.test",
                                  {"From: <sip:alice@pbx.test>;tag=f", "To: <sip:alice@pbx.test>",
                                   "Call-ID: registration", "Contact: <sip:al@203.0.113.9:5062>"}));
    CHECK(scene.sent().empty());
    for (int i = 0; i < 3; ++i)
        scene.store_answers();
    CHECK(scene.sent() == "REGISTER pbx");
    CHECK(scene.bindings.find_by_aor("pbx", scene.row.aor).size() == 1);
}

TEST_CASE("Once all bindings are read the store is asked nothing") {
    StartedScene scene;
    scene.bindings.restore(scene.row);
    scene.bindings.finish_restoring();
    scene.arrive(pbx(), request("INVITE", scene.uri(), {}));
    CHECK(scene.store.lookups.empty());
    CHECK_FALSE(scene.sent().empty());
}
