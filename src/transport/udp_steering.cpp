#include "transport/udp_steering.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <sys/socket.h>

namespace roundabout::transport {
namespace {

/// The line's beginning as it is looked for; compared with 0x20 set in each byte, which makes lower
/// case of letters and leaves "-:" alone.
constexpr std::string_view call_id_line = "\ncall-id:";
constexpr std::uint32_t lower_case = 0x20202020;
constexpr std::size_t word_size = 4;
/// A word that is read every so many bytes is one of as many words of the name.
constexpr std::size_t stride = call_id_line.size() - word_size + 1;
constexpr std::size_t strides_a_check = 2; ///< the datagram's end is looked for so often
constexpr std::uint32_t no_socket = 0xFFFFFFFF;
constexpr std::array<std::size_t, 5> reaches{1400, 900, 600, 430, 300};
constexpr std::size_t first_place = 12; ///< no request or status line is shorter

constexpr std::uint32_t word_of_name(std::size_t at) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < word_size; ++i)
        value = value << 8U | static_cast<unsigned char>(call_id_line[at + i]);
    return value | lower_case;
}

/// Writes instructions one behind the other. The scratch memory's cells are numbered.
class Assembler {
  public:
    std::vector<sock_filter> code;

    void op(unsigned what, std::uint32_t value = 0) {
        code.push_back({static_cast<std::uint16_t>(what), 0, 0, value});
    }
    void jump(unsigned what, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
        code.push_back(
            {static_cast<std::uint16_t>(BPF_JMP | BPF_K | what), if_true, if_false, value});
    }
    /// A jump to where `land` is called with the same list.
    void jump_to(std::vector<std::size_t>& jumps) {
        jumps.push_back(code.size());
        op(BPF_JMP | BPF_JA);
    }
    void land(const std::vector<std::size_t>& jumps) {
        for (const std::size_t at : jumps)
            code[at].k = static_cast<std::uint32_t>(code.size() - at - 1);
    }
    void add_to_x(std::uint32_t value) {
        op(BPF_MISC | BPF_TXA);
        op(BPF_ALU | BPF_ADD | BPF_K, value);
        op(BPF_MISC | BPF_TAX);
    }
    /// A = A ^ A >> bits; X is lost.
    void mix(std::uint32_t bits) {
        op(BPF_MISC | BPF_TAX);
        op(BPF_ALU | BPF_RSH | BPF_K, bits);
        op(BPF_ALU | BPF_XOR | BPF_X);
    }
};

struct Exits {
    std::vector<std::size_t> found; ///< A is the word, X where it was read
    std::vector<std::size_t> none;
};

void look_for_name(Assembler& out, std::size_t reach, Exits& exits) {
    std::size_t strides = 0;
    for (std::size_t at = first_place; at < reach; at += stride, ++strides) {
        if (strides % strides_a_check == 0) { // a load beyond the end would pick the first socket
            out.op(BPF_LD | BPF_W | BPF_LEN);
            out.jump(BPF_JGE, static_cast<std::uint32_t>(at + strides_a_check * stride), 1, 0);
            out.jump_to(exits.none);
        }
        out.op(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at));
        out.op(BPF_ALU | BPF_OR | BPF_K, lower_case);
        for (std::size_t phase = 0; phase + 1 < stride; ++phase)
            out.jump(BPF_JEQ, word_of_name(phase), static_cast<std::uint8_t>(stride - phase - 1),
                     0);
        out.jump(BPF_JEQ, word_of_name(stride - 1), 0, 2);
        out.op(BPF_LDX | BPF_W | BPF_IMM, static_cast<std::uint32_t>(at));
        out.jump_to(exits.found);
    }
    out.jump_to(exits.none);
}

/// From a word of the name to X, where the line's own line feed is, if it is that line.
void go_to_line(Assembler& out, Exits& exits) {
    std::vector<std::size_t> known;
    for (std::uint32_t phase = 0; phase < stride; ++phase) {
        out.jump(BPF_JEQ, word_of_name(phase), 0, 2);
        out.op(BPF_LD | BPF_W | BPF_IMM, phase);
        out.jump_to(known);
    }
    out.land(known);
    out.op(BPF_ALU | BPF_NEG);
    out.op(BPF_ALU | BPF_ADD | BPF_X);
    out.op(BPF_MISC | BPF_TAX);
    for (const std::size_t at : {std::size_t{0}, word_size, call_id_line.size() - word_size}) {
        out.op(BPF_LD | BPF_W | BPF_IND, static_cast<std::uint32_t>(at));
        out.op(BPF_ALU | BPF_OR | BPF_K, lower_case);
        out.jump(BPF_JEQ, word_of_name(at), 1, 0);
        out.jump_to(exits.none);
    }
}

/// Behind the name: CallHash of the value, in A.
void hash_value(Assembler& out, const CallHash& hash) {
    constexpr std::uint32_t hash_cell = 0;
    constexpr std::uint32_t begin_cell = 1;
    out.add_to_x(static_cast<std::uint32_t>(call_id_line.size()));
    out.op(BPF_LD | BPF_B | BPF_IND, 0);
    out.jump(BPF_JEQ, ' ', 0, 3);
    out.add_to_x(1);
    out.op(BPF_STX, begin_cell);
    out.op(BPF_LD | BPF_W | BPF_IMM, hash.seed);
    out.op(BPF_ST, hash_cell);
    std::vector<std::size_t> ended;
    for (std::uint32_t i = 0; i < CallHash::most_bytes; ++i) {
        out.op(BPF_LDX | BPF_W | BPF_MEM, begin_cell);
        out.op(BPF_LD | BPF_B | BPF_IND, i);
        out.jump(BPF_JGT, ' ', 1, 0);
        out.jump_to(ended);
        out.op(BPF_MISC | BPF_TAX);
        out.op(BPF_LD | BPF_W | BPF_MEM, hash_cell);
        out.op(BPF_ALU | BPF_XOR | BPF_X);
        out.op(BPF_ALU | BPF_MUL | BPF_K, CallHash::factor);
        out.op(BPF_ST, hash_cell);
    }
    out.land(ended);
    out.op(BPF_LD | BPF_W | BPF_MEM, hash_cell);
    out.mix(CallHash::first_shift);
    out.op(BPF_ALU | BPF_MUL | BPF_K, CallHash::last_factor);
    out.mix(CallHash::last_shift);
}

} // namespace

std::vector<sock_filter> steering_program(const CallHash& hash, std::uint16_t sockets,
                                          std::size_t reach) {
    Assembler out;
    Exits exits;
    look_for_name(out, reach, exits);
    out.land(exits.found);
    go_to_line(out, exits);
    hash_value(out, hash);
    out.op(BPF_ALU | BPF_MOD | BPF_K, sockets);
    out.op(BPF_RET | BPF_A);
    out.land(exits.none);
    out.op(BPF_RET | BPF_K, no_socket);
    return std::move(out.code);
}

Result<std::size_t> steer(int socket, const CallHash& hash, std::uint16_t sockets) {
    int error = 0;
    for (const std::size_t reach : reaches) {
        std::vector<sock_filter> code = steering_program(hash, sockets, reach);
        const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
        if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) ==
            0)
            return reach;
        error = errno;
    }
    return boost::system::error_code(error, boost::system::system_category());
}

} // namespace roundabout::transport
