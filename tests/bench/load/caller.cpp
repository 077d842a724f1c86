#include "bench/load/caller.hpp"

#include "bench/load/sip_text.hpp"

#include <charconv>
#include <random>
#include <ranges>

namespace roundabout::load {
namespace {

std::uint64_t number_in(std::string_view call_id) {
    std::uint64_t number = 0;
    std::from_chars(call_id.data(), call_id.data() + call_id.size(), number);
    return number;
}

/// The route set of whoever called (RFC 3261 §12.1.2): Record-Route from the last to the first.
std::string routes_of(std::string_view response) {
    const std::vector<std::string_view> recorded = values(response, "Record-Route");
    std::string rows;
    for (const std::string_view each : recorded | std::views::reverse)
        rows += "Route: " + std::string(each) + "\r\n";
    return rows;
}

} // namespace

Caller::Caller(CallerSettings settings, Ended ended)
    : settings_(std::move(settings))
    , ended_(std::move(ended)) {
    std::random_device source;
    run_ = std::to_string(source());
}

std::string Caller::request(std::string_view method, std::string_view uri, std::uint64_t number,
                            const Link& link, std::string_view to_and_routes,
                            std::string_view branch) const {
    const std::string own = link.local().to_string();
    const std::string digits = std::to_string(number);
    std::string text;
    text.reserve(2048);
    text.append(method).append(" ").append(uri).append(" SIP/2.0\r\nVia: SIP/2.0/");
    text.append(via_word(settings_.transport)).append(" ").append(own);
    text.append(";branch=z9hG4bK").append(run_).append("-").append(digits).append(branch);
    text.append("\r\nMax-Forwards: 70\r\nFrom: \"Load\" <sip:load@").append(own);
    text.append(">;tag=").append(digits).append("\r\n").append(to_and_routes);
    text.append("Call-ID: ").append(digits).append("-").append(run_);
    text.append("\r\nCSeq: ").append(method == "BYE" ? "2 " : "1 ").append(method).append("\r\n");
    return text;
}

void Caller::start_call() {
    const std::uint64_t number = next_++;
    calls_[number].begun = Clock::now();
    invite(number, "callee");
}

void Caller::start_ringing(std::string_view user, std::function<void()> rang) {
    const std::uint64_t number = next_++;
    calls_[number] = {Clock::now(), {}, false, std::move(rang)};
    invite(number, user);
}

void Caller::invite(std::uint64_t number, std::string_view user) {
    Link& link = *links_[number % links_.size()];
    const std::string uri = "sip:" + std::string(user) + "@" + settings_.domain;
    std::string text = request("INVITE", uri, number, link, "To: <" + uri + ">\r\n", "i");
    text.append("Contact: <sip:load@").append(link.local().to_string()).append(";transport=");
    text.append(uri_word(settings_.transport)).append(">\r\n");
    text.append("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nUser-Agent: load\r\n");
    text.append("Content-Type: application/sdp\r\nContent-Length: ");
    text.append(std::to_string(settings_.body.size())).append("\r\n\r\n").append(settings_.body);
    link.send(std::move(text));
}

void Caller::take(Link& link, std::string_view message) {
    const int status = status_of(message);
    const auto call = calls_.find(number_in(header(message, "Call-ID")));
    if (status == 180 && call != calls_.end() && call->second.rang) {
        const std::function<void()> rang = std::move(call->second.rang);
        calls_.erase(call);
        return rang();
    }
    if (status < 200 || call == calls_.end())
        return;
    const bool of_bye = method_of(message) == "BYE";
    if (of_bye)
        return end(call, status < 300);
    if (status < 300)
        return answered(link, message, call);
    const std::string to = "To: " + std::string(header(message, "To")) + "\r\n";
    link.send(request("ACK", "sip:callee@" + settings_.domain, call->first, link, to, "i") +
              "Content-Length: 0\r\n\r\n");
    end(call, false);
}

void Caller::answered(Link& link, std::string_view message, Calls::iterator call) {
    if (call->second.hanging_up) // the 200 came again
        return;
    call->second.hanging_up = true;
    call->second.answered = Clock::now() - call->second.begun;
    const std::string common =
        "To: " + std::string(header(message, "To")) + "\r\n" + routes_of(message);
    const std::string_view target = uri_of(header(message, "Contact"));
    const std::string end = "Content-Length: 0\r\n\r\n";
    link.send(request("ACK", target, call->first, link, common, "a") + end);
    link.send(request("BYE", target, call->first, link, common, "b") + end);
}

void Caller::end(Calls::iterator call, bool good) {
    const Clock::duration answered = call->second.answered;
    calls_.erase(call);
    ended_(good, answered);
}

void Caller::give_up(Clock::time_point now) {
    std::vector<std::uint64_t> late;
    for (const auto& [number, call] : calls_) {
        if (now - call.begun > settings_.patience)
            late.push_back(number);
    }
    for (const std::uint64_t number : late)
        end(calls_.find(number), false);
}

} // namespace roundabout::load
