// The frames between plug-in and engine, as engine/plugin/protocol.py has them: little endian, each
// a Head and its body. Beats are quarter notes; a generation ends with every start, stop and jump.
#pragma once
#include <cstdint>

namespace wire {

constexpr uint32_t VERSION = 2;
constexpr uint32_t TOKEN_BYTES = 32;
constexpr uint32_t MAX_DOWN = 64;  // bytes of the longest body that comes from the engine

enum Kind : uint16_t {
    HELLO = 1, BLOCK = 2, PARAMETER = 3,                                            // up
    WELCOME = 16, NOTE, MOVE_END, CANCEL, MESSAGE, PANIC, STATUS, HORIZON, CUE,     // down
};
enum Flags : uint32_t { PLAYING = 1, LOOPS = 2, OFFLINE = 4, LISTENS = 8 };

#pragma pack(push, 1)
struct Head { uint16_t kind; uint16_t reserved; uint32_t bytes; };  // bytes after this head

struct Hello { uint32_t version; char token[TOKEN_BYTES]; double rate; uint32_t max_block; char format[8]; };

// One or a few blocks of the host. `frame` counts from the first one and never jumps; `steady_ns` is
// the steady clock in the last process(); `beat` goes on through loops, whose lengths add up in `shift`;
// `position` is where the host says it is, also while it stands.
struct Block {
    int64_t frame, steady_ns;
    double beat, shift, bpm, loop_start, loop_end, bar_start, position;
    uint32_t generation, flags, frames, samples;
    uint16_t numerator, denominator;
    uint32_t placed, late, lost, sounding;
};  // `samples` float32 follow: mono

struct Parameter { int64_t frame; uint32_t index; float value; };

struct Note { uint64_t id; uint32_t generation; double on, off; uint8_t channel, key, velocity, reserved; };
struct MoveEnd { uint64_t id; uint32_t generation; double off; };
struct Cancel { uint32_t generation, holder; double from; };  // a holder's notes that start there or later
struct Message { uint32_t generation, holder; double beat; uint8_t length, bytes[3]; };
struct Status { float valence, arousal; };
struct Horizon { int64_t frame; };  // all that belongs before this frame has been sent

// Whose note it is, as engine/midi/holders.py has them: the engine, mappings, the performer's inputs.
inline uint32_t holder_of(uint64_t id) { return static_cast<uint32_t>(id >> 40); }

struct Down {  // what the I/O thread hands to the audio thread
    uint16_t kind, reserved;
    union { Note note; MoveEnd move_end; Cancel cancel; Message message; Status status; Horizon horizon; };
};
#pragma pack(pop)

}  // namespace wire
