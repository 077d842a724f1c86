#include "bench/load/calls.hpp"

#include "bench/load/callee.hpp"
#include "bench/load/caller.hpp"
#include "bench/load/parties.hpp"
#include "bench/load/process.hpp"
#include "bench/load/registrant.hpp"
#include "bench/load/settled_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <exception>

namespace roundabout::load {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr auto tick = std::chrono::milliseconds(1);

/// One run: starts what the party does, by rate or as others end, and measures what comes after the
/// warm-up.
template <class Party>
class Run {
  public:
    explicit Run(const Options& options)
        : options_(options)
        , callee_(contact(options), session_description(options.body))
        , party_({options.caller, options.domain, session_description(options.body)},
                 [this](bool good, Clock::duration answered) { ended(good, answered); }) {
        latencies_.reserve(options.calls);
    }

    int run() {
        LinkPtr callee;
        if (options_.callee)
            callee = listen_callee(
                io_, *options_.callee, options_,
                [this](Link& link, std::string_view message) { callee_.take(link, message); });
        asio::co_spawn(io_, open_and_start(), [this](const std::exception_ptr& failure) {
            if (failure)
                std::rethrow_exception(failure);
            tick_on();
        });
        io_.run();
        print();
        return failed_ == 0 ? 0 : 1;
    }

  private:
    static constexpr bool makes_calls = std::same_as<Party, Caller>;

    static std::string contact(const Options& options) {
        if (!options.callee)
            return {};
        return "sip:callee@" + options.callee->to_string() +
               ";transport=" + std::string(uri_word(options.callee_transport));
    }

    asio::awaitable<void> open_and_start() {
        const Link::Taker taker = [this](Link& link, std::string_view message) {
            party_.take(link, message);
        };
        for (std::size_t i = 0; i < options_.links; ++i) {
            LinkPtr link = co_await open_link(io_, options_, i, taker);
            party_.add(std::move(link));
        }
        if constexpr (makes_calls)
            co_await ring();
        started_at_ = Clock::now();
        if (options_.warmup == 0)
            begin_measuring();
    }

    /// Calls that nobody answers. The first tenth pays for what is allocated once.
    asio::awaitable<void> ring() {
        if (options_.pending == 0)
            co_return;
        const std::uint64_t first = options_.pending / 10;
        co_await ring(first);
        const std::uint64_t before = co_await settled_memory(io_, options_.process);
        co_await ring(options_.pending - first);
        const std::uint64_t after = co_await settled_memory(io_, options_.process);
        bytes_pending_ = (static_cast<double>(after) - static_cast<double>(before)) /
                         static_cast<double>(options_.pending - first);
    }

    asio::awaitable<void> ring(std::uint64_t count) {
        std::uint64_t rang = 0;
        for (std::uint64_t begun = 0; rang < count;) {
            for (; begun < count && begun - rang < options_.outstanding; ++begun)
                party_.start_ringing(Callee::ringing_user, [&rang] { ++rang; });
            timer_.expires_after(tick);
            co_await timer_.async_wait(asio::use_awaitable);
        }
    }

    [[nodiscard]] std::uint64_t wanted() const { return options_.warmup + options_.calls; }

    void tick_on() {
        const Clock::time_point now = Clock::now();
        if (now - looked_ > std::chrono::seconds(1)) {
            looked_ = now;
            party_.give_up(now);
        }
        const double elapsed = duration<double>(now - started_at_).count();
        while (started_ < wanted() && may_start(elapsed))
            start();
        if (ended_ == wanted())
            return io_.stop();
        timer_.expires_after(tick);
        timer_.async_wait([this](boost::system::error_code /*error*/) { tick_on(); });
    }

    [[nodiscard]] bool may_start(double elapsed) const {
        if (options_.rate > 0)
            return static_cast<double>(started_) < elapsed * options_.rate;
        return party_.under_way() < options_.outstanding;
    }

    void start() {
        ++started_;
        party_.start_call();
    }

    void ended(bool good, Clock::duration answered) {
        ++ended_;
        if (ended_ > options_.warmup) {
            if (good)
                latencies_.push_back(duration_cast<microseconds>(answered));
            else
                ++failed_;
        } else if (ended_ == options_.warmup) {
            begin_measuring();
        }
        if (ended_ == wanted())
            end_measuring();
        else if (options_.rate == 0 && started_ < wanted())
            start();
    }

    void begin_measuring() {
        begun_ = Clock::now();
        if (options_.process != 0)
            before_ = usage_of(options_.process);
    }

    void end_measuring() {
        seconds_ = duration<double>(Clock::now() - begun_).count();
        if (options_.process != 0)
            after_ = usage_of(options_.process);
    }

    void print() {
        std::ranges::sort(latencies_);
        const auto part = [this](double share) -> std::int64_t {
            if (latencies_.empty())
                return 0;
            const auto last = static_cast<double>(latencies_.size() - 1);
            return latencies_[static_cast<std::size_t>(share * last)].count();
        };
        const auto calls = static_cast<double>(options_.calls);
        const auto cpu = static_cast<double>((after_.cpu - before_.cpu).count());
        fmt::print(R"({{"calls": {}, "failed": {}, "acked": {}, "seconds": {:.3f}, )"
                   R"("calls_per_second": {:.0f}, "cpu_us_per_call": {:.1f}, )"
                   R"("p50_us": {}, "p99_us": {}, "max_us": {}, "memory": {}, )"
                   R"("bytes_a_pending": {:.0f}}})"
                   "\n",
                   options_.calls, failed_, callee_.acked(), seconds_, calls / seconds_,
                   cpu / calls, part(0.5), part(0.99), part(1), after_.memory, bytes_pending_);
    }

    const Options& options_;
    asio::io_context io_{1};
    asio::steady_timer timer_{io_};
    Callee callee_;
    Party party_;
    std::uint64_t started_ = 0;
    std::uint64_t ended_ = 0;
    std::uint64_t failed_ = 0;
    std::vector<microseconds> latencies_;
    Clock::time_point started_at_;
    Clock::time_point looked_;
    Clock::time_point begun_;
    double seconds_ = 0;
    double bytes_pending_ = 0;
    Usage before_;
    Usage after_;
};

} // namespace

int run_calls(const Options& options) {
    return options.registers ? Run<Registrant>(options).run() : Run<Caller>(options).run();
}

} // namespace roundabout::load
