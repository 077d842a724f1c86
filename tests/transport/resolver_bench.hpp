#pragma once

#include "transport/resolver.hpp"

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::transport::testing {

using Addresses = std::vector<IpAddress>;

[[nodiscard]] Addresses addresses(std::initializer_list<const char*> texts);

/// A host whose addresses alone are sought.
[[nodiscard]] Sought with_port(const std::string& host);
[[nodiscard]] Addresses addresses_of(const Location& location);

/// A resolver on a loop of its own, and what it put into its inbox.
class Bench {
  public:
    explicit Bench(const std::string& name_server, DnsCacheLimits cache = {},
                   std::size_t most_queries = 1024);

    /// Runs the loop until `condition` holds. The bound only turns a hang into a failure.
    template <class Condition>
    void run_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!condition()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            context_.restart();
            context_.run_one_until(end);
        }
    }

    /// Asks and runs until the answer is there; empty: it failed.
    Location locate(const Sought& sought);
    Addresses ask(const std::string& host) { return addresses_of(locate(with_port(host))); }
    Addresses await(Ticket ticket);

    /// The addresses that the book has for `host`.
    [[nodiscard]] Addresses in_book(const std::string& host) const;

    /// Ends what is ready to run; nothing is waited for.
    void run_ready();

    std::map<Ticket, Location> outcomes;
    Ticket last_ticket = 100;

  private:
    void take();

    boost::asio::io_context context_;
    Inbox inbox_;

  public:
    std::unique_ptr<Resolver> resolver; ///< goes before the loop and the inbox
};

/// Nothing is cached past its arrival.
[[nodiscard]] DnsCacheLimits no_cache();

} // namespace roundabout::transport::testing
