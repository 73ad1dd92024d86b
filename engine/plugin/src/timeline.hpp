// The host's transport as a line of beats that goes on through loops. Audio thread only.
#pragma once
#include <cmath>
#include <cstdint>

// What a host says at the start of a block; beats are quarter notes.
struct Transport {
    bool playing = false, has_beat = false, loops = false, offline = false;
    bool rounds = false;         // the host rounds its position
    double beat = 0, bpm = 120;
    double ramp = 0;             // change of bpm a frame
    double loop_start = 0, loop_end = 0;
    double bar_start = 0;        // of the bar that is played
    uint16_t numerator = 4, denominator = 4;
};

// The beats of one block: beat + speed * i + bend * i * i / 2 at its frame i.
struct Span {
    double beat = 0, speed = 0, bend = 0;
    uint32_t frames = 0;

    double at(double i) const { return beat + speed * i + 0.5 * bend * i * i; }
    double frame_of(double b) const {
        const double d = b - beat, root = speed * speed + 2 * bend * d;
        return root > 0 ? 2 * d / (speed + std::sqrt(root)) : d / speed;
    }
};

class Timeline {
public:
    uint32_t generation = 1;  // another after each start, stop and jump
    double shift = 0;         // lengths of the loops gone through in this generation
    double moved = 0;         // how far the last jump went [beats], forward or back

    // The ramp of a host that tells one tempo a call: taken to go on where its last two calls were
    // equally steep and its position moved as on a ramp. `frames` is the length of this call.
    void guess_ramp(Transport& t, uint32_t frames, double rate) {
        const double slope = called_ ? (t.bpm - called_bpm_) / called_ : 0;
        const double moved_on = (t.beat - called_beat_) * 60 * rate, steps = called_bpm_ * called_;
        const bool ramps = std::fabs(moved_on - steps - slope * called_ * called_ / 2) < std::fabs(moved_on - steps);
        if (t.playing && t.has_beat && t.ramp == 0 && slope != 0 && ramps &&
            std::fabs(slope - slope_) <= 0.05 * std::fabs(slope))
            t.ramp = slope;
        slope_ = slope;
        called_bpm_ = t.bpm;
        called_beat_ = t.beat;
        called_ = t.playing && t.has_beat ? frames : 0;
    }
    // Returns the beats of the next block. While the host stands, beats are counted at its tempo.
    Span advance(const Transport& t, uint32_t frames, double rate, bool* jumped) {
        const double speed = t.bpm / 60 / rate, bend = t.ramp / 60 / rate;
        double beat = t.playing && t.has_beat ? t.beat : expected_;
        *jumped = t.playing != playing_;
        if (!*jumped && t.playing) beat = follow(t, beat, speed * frames, jumped);
        if (*jumped) {
            ++generation;
            moved = beat - (expected_ + shift);
            shift = 0;
        }
        const Span span{beat + shift, speed, bend, frames};
        expected_ = span.at(frames) - shift;
        playing_ = t.playing;
        bpm_ = t.bpm;
        block_ = speed * frames;
        return span;
    }

private:
    static constexpr double SAME = 1.0 / 240;  // hosts round; more than this is a jump
    double expected_ = 0, bpm_ = 120, block_ = 0;
    double looped_from_ = -1e9, loop_length_ = 0;  // the last jump back, where a host announces none
    double called_bpm_ = 120, called_beat_ = 0, slope_ = 0;
    uint32_t called_ = 0;
    bool playing_ = false;

    double follow(const Transport& t, double beat, double block, bool* jumped) {
        const double off = beat - expected_;
        const double reach = 2 * std::fmax(block, block_) + SAME;
        const bool turns = t.bpm != bpm_;  // the tempo may have changed within the last block
        const double slack = turns ? std::fmax(SAME, std::fmin(0.25, std::fabs(block - block_))) : SAME;
        if (std::fabs(off) <= slack) {
            if (!t.rounds || turns) return beat;
            return expected_ + (std::fabs(off) < 1e-3 ? 0.002 : 0.05) * off;
        }
        // A loop of whole beats goes on: they stay where the host has them. Beats are quarter notes, or
        // eighths where the bar is no whole number of quarters, see engine/plugin/count.py.
        const double unit = t.denominator && 4 * t.numerator % t.denominator ? 0.5 : 1;
        const double length = t.loops ? t.loop_end - t.loop_start : loop_length_;
        const double end = t.loops ? t.loop_end : looped_from_;
        const double beats = std::round(length / unit) * unit;
        const bool whole = std::fabs(length - beats) <= SAME / 100;
        if (length > 0 && whole && std::fabs(expected_ - end) <= reach && std::fabs(off + length) <= SAME) {
            shift += beats;
            return beat;
        }
        if (off < 0) {
            looped_from_ = expected_;
            loop_length_ = -off;
        }
        *jumped = true;
        return beat;
    }
};
