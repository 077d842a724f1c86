#include "bench/load/callee.hpp"

#include "bench/load/sip_text.hpp"

namespace roundabout::load {
namespace {

/// The rows of a response that come from its request (RFC 3261 §8.2.6.2), with a To tag.
std::string rows_for(std::string_view request) {
    std::string text = rows(request, "Via") + rows(request, "Record-Route");
    text += "From: " + std::string(header(request, "From")) + "\r\n";
    const std::string_view to = header(request, "To");
    const bool tagged = to.find(";tag=") != std::string_view::npos;
    text += "To: " + std::string(to) + (tagged ? "\r\n" : ";tag=callee\r\n");
    text += "Call-ID: " + std::string(header(request, "Call-ID")) + "\r\n";
    text += "CSeq: " + std::string(header(request, "CSeq")) + "\r\n";
    return text;
}

} // namespace

void Callee::take(Link& link, std::string_view message) {
    const std::string_view method = method_of(message);
    if (status_of(message) != 0)
        return;
    if (method == "ACK") {
        ++acked_;
        return;
    }
    const std::string common = rows_for(message);
    if (method == "REGISTER") {
        const std::string granted =
            "Contact: " + std::string(header(message, "Contact")) + ";expires=3600\r\n";
        link.send("SIP/2.0 200 OK\r\n" + common + granted + "Content-Length: 0\r\n\r\n");
        return;
    }
    if (method != "INVITE") {
        link.send("SIP/2.0 200 OK\r\n" + common + "Content-Length: 0\r\n\r\n");
        return;
    }
    const std::string contact = "Contact: <" + contact_ + ">\r\n";
    link.send("SIP/2.0 100 Trying\r\n" + common + "Content-Length: 0\r\n\r\n");
    link.send("SIP/2.0 180 Ringing\r\n" + common + contact + "Content-Length: 0\r\n\r\n");
    if (header(message, "To").find(ringing_user) != std::string_view::npos)
        return;
    link.send("SIP/2.0 200 OK\r\n" + common + contact +
              "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body_.size()) +
              "\r\n\r\n" + body_);
}

} // namespace roundabout::load
