#include "transport/flows_loopback.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/read.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::tests;
using namespace std::chrono_literals;

namespace {

// What arrived at any worker, for the test's thread to await.
class Gathered {
  public:
    void add(std::size_t worker, std::vector<Arrival>& arrivals) {
        const std::scoped_lock lock(mutex_);
        for (Arrival& arrival : arrivals)
            arrivals_.emplace_back(worker, std::move(arrival));
        changed_.notify_all();
    }

    // At that worker, or at any; nothing after a generous time.
    template <class Kind>
    std::optional<Kind> await(std::optional<std::size_t> worker = std::nullopt) {
        std::unique_lock lock(mutex_);
        std::optional<Kind> found;
        changed_.wait_for(lock, 30s, [&] {
            const auto at = std::ranges::find_if(arrivals_, [&](const auto& entry) {
                return std::holds_alternative<Kind>(entry.second) &&
                       worker.value_or(entry.first) == entry.first;
            });
            if (at == arrivals_.end())
                return false;
            found = std::move(std::get<Kind>(at->second));
            arrivals_.erase(at);
            return true;
        });
        return found;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<std::size_t, Arrival>> arrivals_;
};

// A worker on a thread of its own.
class Worker {
  public:
    Worker(Gathered& gathered, std::size_t number)
        : inbox([this] { boost::asio::post(io, [this] { take(); }); }, 100'000)
        , gathered_(&gathered)
        , number_(number)
        , work_(io.get_executor()) {}

    void run() {
        thread_ = std::thread([this] { io.run(); });
    }

    // Calls on the worker's thread and waits until it is done.
    void call(const std::function<void()>& what) {
        std::promise<void> done;
        boost::asio::post(io, [&] {
            what();
            done.set_value();
        });
        done.get_future().wait();
    }

    template <class Kind>
    std::optional<Kind> await() {
        return gathered_->await<Kind>(number_);
    }

    void stop() {
        std::promise<void> drained;
        boost::asio::post(io, [&] {
            flows->close_all();
            flows->when_drained([&] { drained.set_value(); });
        });
        CHECK(drained.get_future().wait_for(30s) == std::future_status::ready);
    }

    void join() {
        work_.reset();
        thread_.join();
    }

    boost::asio::io_context io{1};
    Inbox inbox;
    std::unique_ptr<WorkerFlows> flows;

  private:
    void take() {
        std::vector<Arrival> taken;
        inbox.take(taken);
        gathered_->add(number_, taken);
    }

    Gathered* gathered_;
    std::size_t number_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

// Two workers that share one UDP and one TCP listener; UDP goes by the last digit of Call-ID.
class TwoWorkers {
  public:
    TwoWorkers()
        : censuses{{1000, 1000}, {1000, 1000}} {
        listeners = {listener_on(Transport::udp), listener_on(Transport::tcp)};
        REQUIRE_FALSE(check_binds(listeners));
        for (std::uint16_t number = 0; number < 2; ++number) {
            FlowSettings settings;
            settings.worker = number;
            settings.boot = 1;
            settings.listeners = listeners;
            workers[number].flows = std::make_unique<WorkerFlows>(
                workers[number].io, settings, censuses, inboxes, [](const sip::Message& message) {
                    const auto id = message.value(sip::HeaderId::call_id);
                    return static_cast<std::uint16_t>((id.back() - '0') % 2);
                });
        }
        for (Worker& worker : workers) {
            worker.flows->join({workers[0].flows.get(), workers[1].flows.get()});
            REQUIRE_FALSE(worker.flows->listen());
        }
        for (Worker& worker : workers)
            worker.run();
    }
    ~TwoWorkers() {
        for (Worker& worker : workers)
            worker.stop();
        for (Worker& worker : workers)
            worker.join();
        CHECK(censuses.connections.taken() == 0);
        for (Worker& worker : workers) {
            CHECK(worker.flows->counters().unexpected.value() == 0);
            worker.flows.reset();
        }
    }
    TwoWorkers(const TwoWorkers&) = delete;
    TwoWorkers& operator=(const TwoWorkers&) = delete;

    Censuses censuses;
    std::vector<ListenerSettings> listeners;
    Gathered gathered;
    std::array<Worker, 2> workers{Worker(gathered, 0), Worker(gathered, 1)};
    Inboxes inboxes{&workers[0].inbox, &workers[1].inbox};
};

// A server whose connection belongs to worker 0.
struct OwnedByFirst {
    explicit OwnedByFirst(TwoWorkers& two)
        : acceptor(io, {boost::asio::ip::address_v4::loopback(), 0})
        , socket(io) {
        ConnectTarget target;
        target.remote = {*IpAddress::parse("127.0.0.1"), acceptor.local_endpoint().port()};
        two.workers[0].call([&] { two.workers[0].flows->connect(target, 30s, 1); });
        acceptor.accept(socket);
        const auto connected = two.workers[0].await<Connected>();
        REQUIRE(connected);
        REQUIRE(connected->flow.has_value());
        flow = *connected->flow;
    }

    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::ip::tcp::socket socket;
    Flow flow;
};

} // namespace

TEST_CASE("workers: a datagram reaches its owner, whichever socket the kernel gave it to") {
    TwoWorkers two;
    boost::asio::io_context io;
    constexpr int many = 400;
    std::vector<std::unique_ptr<UdpPeer>> peers; // many sources, so that both sockets get some
    for (int i = 0; i < many; ++i) {
        if (i % 20 == 0)
            peers.push_back(std::make_unique<UdpPeer>(io));
        peers.back()->send(two.listeners[0].bind, request_text("OPTIONS", i));
    }
    for (std::size_t number = 0; number < 2; ++number) {
        for (int i = 0; i < many / 2; ++i) {
            const auto inbound = two.workers[number].await<Inbound>();
            REQUIRE(inbound);
            const auto id = inbound->message.value(sip::HeaderId::call_id);
            CHECK(static_cast<std::size_t>(id.back() - '0') % 2 == number);
        }
    }
    const auto steered = [&](std::size_t number) {
        return two.workers[number].flows->counters().steered.value();
    };
    CHECK(steered(0) + steered(1) > 0);
}

TEST_CASE("workers: what one sends to a connection of the other leaves on it, in order") {
    TwoWorkers two;
    OwnedByFirst server(two);
    Worker& other = two.workers[1];
    constexpr int many = 200;
    std::string expected;
    other.call([&] {
        CHECK(other.flows->is_open(server.flow.id));
        CHECK_FALSE(other.flows->find(server.flow.id));
        for (int i = 0; i < many; ++i) {
            const std::string text = std::to_string(i) + ";";
            expected += text;
            CHECK(other.flows->send(server.flow, Bytes(text), 0).has_value());
        }
    });
    std::string received(expected.size(), '\0');
    boost::asio::read(server.socket, boost::asio::buffer(received));
    CHECK(received == expected);
    CHECK(other.flows->counters().posted.value() == many);
}

TEST_CASE("workers: the failure of such a send comes back to who asked, the end to who owned") {
    TwoWorkers two;
    OwnedByFirst server(two);
    Worker& other = two.workers[1];
    other.call([&] { other.flows->close(server.flow.id, Error::stopped); });
    const auto closed = two.workers[0].await<FlowClosed>();
    REQUIRE(closed);
    CHECK(closed->flow == server.flow);
    other.call([&] { CHECK(other.flows->send(server.flow, Bytes("late"), 77).has_value()); });
    const auto failed = other.await<SendFailed>();
    REQUIRE(failed);
    CHECK(failed->ticket == 77);
    CHECK(failed->why == Error::flow_closed);
}

TEST_CASE("R41 workers: the owner of a connection learns who has sent over it when it ends") {
    TwoWorkers two;
    OwnedByFirst server(two);
    Worker& other = two.workers[1];
    other.call([&] { CHECK(other.flows->send(server.flow, Bytes("written"), 78).has_value()); });
    std::string received(7, '\0');
    boost::asio::read(server.socket, boost::asio::buffer(received));
    server.socket.close(); // what was written may never have been read
    const auto closed = two.workers[0].await<FlowClosed>();
    REQUIRE(closed);
    CHECK(closed->flow == server.flow);
    CHECK(closed->askers == 0b10);
}

TEST_CASE("R40 workers: a connection that one lends serves the others until it is gone") {
    TwoWorkers two;
    OwnedByFirst owned(two);
    auto& [first, second] = two.workers;
    ConnectTarget target;
    target.remote = {*IpAddress::parse("127.0.0.1"), 9};
    first.call([&] { first.flows->lend(owned.flow, {target.transport, target.remote, 0}); });
    // What a handler posts to its own loop may come after what was posted from outside meanwhile.
    first.call([] {});
    first.call([] {});  // its mail has left
    second.call([] {}); // and was opened
    second.call([&] { second.flows->connect(target, 30s, 7); });
    auto connected = second.await<Connected>();
    REQUIRE(connected);
    REQUIRE(connected->flow.has_value());
    CHECK(*connected->flow == owned.flow);

    owned.socket.close();
    const auto closed = first.await<FlowClosed>();
    REQUIRE(closed);
    first.call([&] { first.flows->forget(closed->flow); });
    const auto told = second.await<FlowClosed>(); // R41: what waits on it there is to know as well
    REQUIRE(told);
    CHECK(told->flow == owned.flow);
    second.call([&] { second.flows->connect(target, 30s, 8); });
    connected = second.await<Connected>();
    REQUIRE(connected);
    CHECK(error_of(connected->flow) == Error::connect_refused);
}

TEST_CASE("workers: an ICMP error fails the ticket of whichever worker sent") {
    TwoWorkers two;
    Endpoint deaf;
    {
        boost::asio::io_context io;
        deaf = UdpPeer(io).local();
    }
    // The kernel picks one of the two sockets for the error by the peer's address and port: over
    // some ports both cases occur.
    for (Ticket ticket = 1; ticket <= 8; ++ticket) {
        Worker& sender = two.workers[ticket % 2];
        const Flow flow{Transport::udp, 0, two.listeners[0].bind, deaf, {}, false};
        sender.call([&] { CHECK(sender.flows->send(flow, Bytes("lost"), ticket).has_value()); });
        const auto failed = sender.await<SendFailed>();
        REQUIRE(failed);
        CHECK(failed->ticket == ticket);
    }
}

TEST_CASE("workers: both at once send to each other's connections while peers come and go") {
    TwoWorkers two;
    constexpr std::size_t peers = 20;
    boost::asio::io_context io;
    std::vector<std::unique_ptr<TcpPeer>> clients;
    std::vector<Flow> flows;
    for (std::size_t i = 0; i < peers; ++i) {
        clients.push_back(std::make_unique<TcpPeer>(io, two.listeners[1].bind, false));
        clients.back()->send(request_text("OPTIONS", static_cast<int>(i)));
        const auto inbound = two.gathered.await<Inbound>();
        REQUIRE(inbound);
        flows.push_back(inbound->flow);
    }
    for (Worker& worker : two.workers) {
        boost::asio::post(worker.io, [&worker, flows] {
            for (const Flow& flow : flows)
                static_cast<void>(worker.flows->send(flow, Bytes("from a worker"), 5));
        });
    }
    for (std::size_t i = 0; i < peers; i += 2)
        clients[i]->close();
    // Each that went away is told once at its owner, and at the other if that wrote in time; those
    // that stay have been written to by both.
    std::set<FlowId> told;
    for (std::size_t i = 0; i < peers; i += 2) {
        const std::uint16_t owner = flows[i].id.worker;
        while (!told.contains(flows[i].id)) {
            const auto closed = two.workers[owner].await<FlowClosed>();
            REQUIRE(closed);
            if (closed->flow.id.worker == owner)
                CHECK(told.insert(closed->flow.id).second);
        }
    }
    for (std::size_t i = 1; i < peers; i += 2) {
        CHECK_FALSE(told.contains(flows[i].id));
        clients[i]->start_reading();
    }
    const auto until = std::chrono::steady_clock::now() + 30s;
    const auto all_read = [&] {
        for (std::size_t i = 1; i < peers; i += 2) {
            if (clients[i]->received != "from a workerfrom a worker")
                return false;
        }
        return true;
    };
    while (!all_read() && std::chrono::steady_clock::now() < until)
        io.run_one_until(until);
    CHECK(all_read());
}
