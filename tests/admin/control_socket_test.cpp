#include "admin/control_socket.hpp"
#include "admin/folder.hpp"
#include "admin/store_fake.hpp"
#include "registration/binding_fixture.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace roundabout;
using namespace roundabout::admin;
namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::uint32_t many = 2500;

Subject subject_of(registration::BindingTable& bindings, store::BindingStore& store) {
    Subject subject;
    subject.bindings = &bindings;
    subject.store = &store;
    subject.statistics.bindings = &bindings;
    subject.statistics.store = &store;
    return subject;
}

/// A control socket over a table and a fake store, served by a thread of its own.
class Served {
  public:
    Served() {
        registration::ChangeSet changes;
        for (std::uint32_t i = 0; i < many; ++i)
            changes.upserts.push_back(test::sample_binding(i));
        bindings.apply(std::move(changes));
        store.on_commit = [this](const test::StoreFake::Commit& commit) {
            const std::vector<store::Outcome> outcomes{
                store::Committed{commit.asker.ticket, stored, Error::none}};
            asio::post(io, [this, outcomes] { control.take(outcomes); });
        };
        REQUIRE_FALSE(control.listen(path, ""));
    }
    ~Served() { stop(); }

    void start() {
        thread = std::thread([this] { io.run(); });
    }
    /// Returns when the last coroutine has ended.
    void stop() {
        if (!thread.joinable())
            return;
        asio::post(io, [this] { control.stop(); });
        thread.join();
    }

    test::Folder folder;
    std::string path = folder / "control";
    asio::io_context io;
    registration::BindingTable bindings{HashKey{1, 2}};
    test::StoreFake store;
    bool stored = true;
    ControlSocket control{io, subject_of(bindings, store), 5};
    std::thread thread;
};

class Client {
  public:
    explicit Client(const std::string& path) { socket_.connect(Protocol::endpoint(path)); }

    void say(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

    /// The answer's lines and its end.
    End answer(std::vector<Response>* lines = nullptr) {
        while (true) {
            const std::size_t size = asio::read_until(socket_, asio::dynamic_buffer(input_), '\n');
            const auto response = parse_response(std::string_view(input_).substr(0, size));
            input_.erase(0, size);
            REQUIRE(response.has_value());
            if (std::holds_alternative<End>(*response))
                return std::get<End>(*response);
            if (lines != nullptr)
                lines->push_back(*response);
        }
    }

    bool closed() {
        boost::system::error_code error;
        asio::read(socket_, asio::dynamic_buffer(input_), error);
        return error == asio::error::eof || error == asio::error::connection_reset;
    }

  private:
    asio::io_context io_;
    Protocol::socket socket_{io_};
    std::string input_;
};

} // namespace

TEST_CASE("Owner and group may use the socket, nobody else") {
    const Served served;
    struct stat found{};
    REQUIRE(::stat(served.path.c_str(), &found) == 0);
    CHECK(S_ISSOCK(found.st_mode));
    CHECK((found.st_mode & 0777U) == 0660);
}

TEST_CASE("A second control socket at the same path is refused") {
    Served served;
    ControlSocket second(served.io, subject_of(served.bindings, served.store), 0);
    CHECK(second.listen(served.path, ""));
}

TEST_CASE("list gives each binding once and says how many") {
    Served served;
    served.start();
    Client client(served.path);
    client.say("{\"command\":\"list\"}\n");
    std::vector<Response> lines;
    const End end = client.answer(&lines);
    CHECK(end.ending == Ending::ok);
    CHECK(end.matched == many);
    CHECK(lines.size() == many);
}

TEST_CASE("Requests on one connection are answered in their order, a malformed one too") {
    Served served;
    served.start();
    Client client(served.path);
    client.say("nonsense\n{\"command\":\"list\",\"filter\":{\"user\":\"c7\"}}\n"
               "{\"command\":\"stats\"}\n");
    CHECK(client.answer().ending == Ending::malformed);
    CHECK(client.answer().matched == 1);
    std::vector<Response> lines;
    CHECK(client.answer(&lines).ending == Ending::ok);
    REQUIRE(lines.size() == 1);
    CHECK(std::holds_alternative<Statistics>(lines[0]));
}

TEST_CASE("A request without end is refused and its connection closed") {
    Served served;
    served.start();
    Client client(served.path);
    client.say(std::string(max_request, 'x'));
    CHECK(client.answer().ending == Ending::malformed);
    CHECK(client.closed());
}

TEST_CASE("A purge changes the table, then the store by its own outlet, then answers") {
    Served served;
    served.start();
    Client client(served.path);
    client.say(R"({"command":"purge","filter":{"user":"c7"}})"
               "\n");
    const End end = client.answer();
    CHECK(end.matched == 1);
    CHECK(end.stored);
    client.say(R"({"command":"purge","all":true})"
               "\n");
    CHECK(client.answer().matched == many - 1);
    served.stop();
    CHECK(served.bindings.size() == 0);
    REQUIRE(served.store.commits.size() == 4); // one, and 2499 in three pieces
    CHECK(served.store.commits[0].asker.worker == 5);
    CHECK(served.store.commits[0].changes.removals.size() == 1);
    CHECK(served.store.commits[0].changes.removals[0].version > many);
}

TEST_CASE("A purge that the disk has not taken says so") {
    Served served;
    served.stored = false;
    served.start();
    Client client(served.path);
    client.say(R"({"command":"purge","filter":{"user":"c7"}})"
               "\n");
    const End end = client.answer();
    CHECK(end.matched == 1);
    CHECK_FALSE(end.stored);
}

TEST_CASE("Connections beyond the limit are closed at once, and there is room when one ends") {
    Served served;
    served.start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<Client>(served.path));
        clients.back()->say("{\"command\":\"stats\"}\n");
        CHECK(clients.back()->answer().ending == Ending::ok);
    }
    Client beyond(served.path);
    CHECK(beyond.closed());
    clients.front()->say(std::string(max_request, 'x'));
    CHECK(clients.front()->answer().ending == Ending::malformed);
    CHECK(clients.front()->closed());
    Client again(served.path);
    again.say("{\"command\":\"stats\"}\n");
    CHECK(again.answer().ending == Ending::ok);
}

TEST_CASE("Stopping ends idle connections and a purge that waits, and removes the socket") {
    Served served;
    served.store.on_commit = [](const auto&) {}; // a disk that hangs
    served.start();
    Client idle(served.path);
    idle.say("{\"command\":\"stats\"}\n");
    CHECK(idle.answer().ending == Ending::ok);
    Client waiting(served.path);
    waiting.say(R"({"command":"purge","all":true})"
                "\n");
    served.stop();
    CHECK(idle.closed());
    CHECK(waiting.closed());
    CHECK(::access(served.path.c_str(), F_OK) != 0);
}
