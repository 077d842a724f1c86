#include "app/flow_limits.hpp"

namespace roundabout::app {
namespace {

void set_stream(const config::Limits& limits, transport::StreamLimits& stream) {
    stream.header = limits.header;
    stream.message = limits.message;
    stream.outbox_messages = limits.queue_messages;
    stream.outbox_bytes = limits.queue_bytes;
    stream.unfinished = limits.message_time;
    stream.idle = limits.idle_time;
    stream.keepalive = limits.keepalive_interval;
    stream.keepalive_answer = limits.keepalive_answer_time;
    stream.handshake = limits.handshake_time;
    stream.last_words = limits.answer_time;
}

void set_websocket(const config::Limits& limits, transport::WebSocketLimits& websocket) {
    websocket.message = limits.message;
    websocket.header = limits.http_header;
    websocket.handshake = limits.handshake_time;
    websocket.unfinished = limits.message_time;
    websocket.idle = limits.websocket_idle_time;
}

void set_listener(const config::Limits& limits, transport::ListenerLimits& listener) {
    listener.connections = limits.connections;
    listener.connections_per_source = limits.connections_per_source;
    listener.handshakes = limits.handshakes;
    listener.handshakes_per_source = limits.handshakes_per_source;
    listener.accept_pause = limits.accept_pause;
    listener.backlog = static_cast<int>(limits.backlog);
}

void set_udp(const config::Limits& limits, transport::UdpLimits& udp) {
    udp.header = limits.header;
    udp.message = limits.message;
    udp.queue_messages = limits.udp_queue_messages;
    udp.queue_bytes = limits.udp_queue_bytes;
    udp.receive_buffer = static_cast<int>(limits.udp_receive_buffer);
    udp.send_buffer = static_cast<int>(limits.udp_send_buffer);
}

} // namespace

void set_limits(const config::Limits& limits, transport::FlowSettings& settings) {
    set_stream(limits, settings.stream);
    set_websocket(limits, settings.websocket);
    set_listener(limits, settings.listener);
    set_udp(limits, settings.udp);
}

transport::Censuses make_censuses(const config::Limits& limits) {
    return {{limits.connections, limits.connections_per_source},
            {limits.handshakes, limits.handshakes_per_source}};
}

} // namespace roundabout::app
