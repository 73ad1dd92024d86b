// The plug-in's own thread between the rings of the audio thread and the engine's socket.
#pragma once
#include "discovery.hpp"
#include "ring.hpp"
#include "socket.hpp"
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

inline int64_t steady_ns() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

class Link {
public:
    ByteRing<1 << 20> up;         // whole frames: audio thread -> engine
    ByteRing<1 << 16> down;       // wire::Down: engine -> audio thread
    std::atomic<uint32_t> connection{0};  // counts them; odd while one stands
    std::atomic<bool> hurry{false};       // the host renders: each block waits for its answer

    explicit Link(const char* format) : format_(format) {}
    ~Link() { stop(); }

    bool alive() const { return connection.load(std::memory_order_acquire) & 1; }

    void start(double rate, uint32_t max_block) {
        if (thread_.joinable()) return;
        rate_ = rate;
        max_block_ = max_block;
        stopping_ = false;
        thread_ = std::thread([this] { run(); });
    }
    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    static constexpr int64_t SILENCE_NS = 1000000000;  // an engine speaks ten times a second
    static constexpr int RETRY_MS = 250;
    const char* const format_;
    std::thread thread_;
    std::atomic<bool> stopping_{false};
    double rate_ = 48000;
    uint32_t max_block_ = 0;

    void run() {
        Socket socket;
        while (!stopping_) {
            if (greet(socket)) serve(socket);
            if (alive()) connection.fetch_add(1, std::memory_order_release);
            socket.close();
            for (int ms = 0; ms < RETRY_MS && !stopping_; ms += 10)
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    bool greet(Socket& socket) {
        Engine engine;
        if (!find_engine(engine) || !socket.connect(static_cast<uint16_t>(engine.port))) return false;
        struct { wire::Head head; wire::Hello body; } hello{};
        static_assert(sizeof hello == sizeof(wire::Head) + sizeof(wire::Hello), "no padding");
        hello.head = {wire::HELLO, 0, sizeof(wire::Hello)};
        hello.body.version = wire::VERSION;
        std::memcpy(hello.body.token, engine.token, wire::TOKEN_BYTES);
        hello.body.rate = rate_;
        hello.body.max_block = max_block_;
        std::strncpy(hello.body.format, format_, sizeof hello.body.format - 1);
        return socket.send(&hello, sizeof hello) == static_cast<int>(sizeof hello);
    }
    // Until the line is dead or the engine silent.
    void serve(Socket& socket) {
        std::vector<uint8_t> out(1 << 16), in(1 << 16);
        size_t n_out = 0, sent = 0, n_in = 0;
        int64_t heard = steady_ns();
        while (!stopping_ && steady_ns() - heard < SILENCE_NS) {
            for (;;) {
                if (sent == n_out) {
                    sent = 0;
                    n_out = alive() ? up.read_some(out.data(), out.size()) : 0;
                    if (!n_out) break;
                }
                const int n = socket.send(out.data() + sent, n_out - sent);
                if (n < 0) return;
                if (n == 0) break;
                sent += static_cast<size_t>(n);
            }
            for (;;) {
                const int n = socket.receive(in.data() + n_in, in.size() - n_in);
                if (n < 0) return;
                if (n == 0) break;
                heard = steady_ns();
                n_in += static_cast<size_t>(n);
                const int used = take(in.data(), n_in);
                if (used < 0) return;
                n_in -= static_cast<size_t>(used);
                std::memmove(in.data(), in.data() + used, n_in);
            }
            const bool hurries = hurry.load(std::memory_order_relaxed);
            socket.wait(hurries ? 0 : 1);
            if (hurries) std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    }
    // Hands whole frames on; returns the bytes used, -1 for what is none of ours or cannot be kept:
    // the line is given up then, and the audio thread ends what sounds.
    int take(const uint8_t* data, size_t n) {
        size_t at = 0;
        while (n - at >= sizeof(wire::Head)) {
            wire::Head head;
            std::memcpy(&head, data + at, sizeof head);
            if (head.bytes > wire::MAX_DOWN) return -1;
            if (n - at < sizeof head + head.bytes) break;
            if (head.bytes != body_size(head.kind)) return -1;
            if (head.kind == wire::WELCOME) {
                up.clear();  // what is old goes; the audio thread writes nothing before this
                if (!alive()) connection.fetch_add(1, std::memory_order_release);
            } else {
                wire::Down down{};
                down.kind = head.kind;
                std::memcpy(&down.note, data + at + sizeof head, head.bytes);
                const bool repeated = head.kind == wire::STATUS;
                if (!this->down.write(&down, sizeof down) && !repeated) return -1;  // no end may be missed
            }
            at += sizeof head + head.bytes;
        }
        return static_cast<int>(at);
    }
    static uint32_t body_size(uint16_t kind) {
        switch (kind) {
            case wire::WELCOME: return sizeof(uint32_t);
            case wire::NOTE:
            case wire::CUE: return sizeof(wire::Note);
            case wire::MOVE_END: return sizeof(wire::MoveEnd);
            case wire::CANCEL: return sizeof(wire::Cancel);
            case wire::MESSAGE: return sizeof(wire::Message);
            case wire::PANIC: return 0;
            case wire::STATUS: return sizeof(wire::Status);
            case wire::HORIZON: return sizeof(wire::Horizon);
            default: return ~0u;
        }
    }
};
