#include "bench/load/registrant.hpp"

#include "bench/load/sip_text.hpp"

#include <charconv>
#include <random>

namespace roundabout::load {

Registrant::Registrant(CallerSettings settings, Caller::Ended ended)
    : settings_(std::move(settings))
    , ended_(std::move(ended)) {
    std::random_device source;
    run_ = std::to_string(source());
}

void Registrant::start_call() {
    const std::uint64_t number = next_++;
    Link& link = *links_[number % links_.size()];
    begun_[number] = Clock::now();
    const std::string own = link.local().to_string();
    const std::string digits = std::to_string(number);
    const std::string user = "u" + digits + "-" + run_;
    const std::string aor = "<sip:" + user + "@" + settings_.domain + ">";
    std::string text = "REGISTER sip:" + settings_.domain + " SIP/2.0\r\nVia: SIP/2.0/";
    text.append(via_word(settings_.transport)).append(" ").append(own);
    text.append(";branch=z9hG4bK").append(run_).append("-").append(digits);
    text.append(";rport\r\nMax-Forwards: 70\r\nFrom: ").append(aor).append(";tag=").append(digits);
    text.append("\r\nTo: ").append(aor).append("\r\nCall-ID: ").append(digits).append("-");
    text.append(run_).append("\r\nCSeq: 1 REGISTER\r\nContact: <sip:").append(user).append("@");
    text.append(own).append(";transport=").append(uri_word(settings_.transport));
    text.append(">\r\nExpires: 3600\r\nUser-Agent: load\r\nContent-Length: 0\r\n\r\n");
    link.send(std::move(text));
}

void Registrant::take(Link& /*link*/, std::string_view message) {
    const std::string_view call_id = header(message, "Call-ID");
    std::uint64_t number = 0;
    std::from_chars(call_id.data(), call_id.data() + call_id.size(), number);
    const int status = status_of(message);
    const auto found = begun_.find(number);
    if (status < 200 || found == begun_.end())
        return;
    const Clock::duration answered = Clock::now() - found->second;
    begun_.erase(found);
    ended_(status < 300, answered);
}

void Registrant::give_up(Clock::time_point now) {
    std::vector<std::uint64_t> late;
    for (const auto& [number, begun] : begun_) {
        if (now - begun > settings_.patience)
            late.push_back(number);
    }
    for (const std::uint64_t number : late) {
        begun_.erase(number);
        ended_(false, {});
    }
}

} // namespace roundabout::load
