// A small host for CLAP, VST3 and LV2 that does what standard input says, one order a line, and tells on
// standard output what the plug-ins did. Linux, Windows under wine, arm64 under qemu.
//
//   host PLUGIN                a .clap, or the library inside a .vst3 or .lv2 bundle: "vst3:PATH", "lv2:PATH"
//   add                        another instance, processed after those there are
//   at K                       the instance that set, value, save and load mean
//   activate RATE MAX_BLOCK    deactivate    offline 0|1 (before activate)    save FILE    load FILE    value INDEX
//   transport PLAYING BPM BEAT NUM DEN        loop START END (equal: none)    ramp BPM_PER_SECOND
//   metre NUM DEN              from this beat on, which begins a bar
//   silent 0|1                 the host tells no transport at all
//   of_quarters 0|1            LV2: parts of a beat are told in quarter notes, as Ardour does
//   set INDEX VALUE FRAME      (with the next block)
//   full 0|1                   (the event list refuses everything)
//   run SECONDS BLOCK PACE SPLIT   PACE: 1 as fast as time, 0 as fast as possible, else ms a block;
//                                  BLOCK: below 0 varied up to that; SPLIT: 1 cuts blocks at the loop's end
//   quit
//
// Told: "E instance frame beat beats_per_frame b0 b1 b2" for MIDI, "P instance frame index value" for
// parameters, "V value" for value, "ok" after each order. frame counts from activation. At the end
// "T calls mean_us max_us" of process(), and with rt_check preloaded "R calls allocations locks system_calls".
#include "side.hpp"
#include "clap_side.hpp"
#include "lv2_side.hpp"
#include "vst3_side.hpp"
#include <cstdlib>
#include <memory>

namespace {

constexpr int MAX_BLOCK = 16384;

struct Told {  // where the running block is
    int instance = 0;
    long long frame = 0;
    double beat = 0, speed = 0, bend = 0;
} told;

double rate = 48000, ramp, bars_from;  // the metre holds from a beat on
int full, bars_before;
Moment moment;
std::vector<std::unique_ptr<Side>> instances;
long long calls;
double spent, longest;  // in process() [s]

void process(uint32_t n) {
    static float left[MAX_BLOCK], right[MAX_BLOCK], out_left[MAX_BLOCK], out_right[MAX_BLOCK];
    float *in[2] = {left, right}, *out[2] = {out_left, out_right};
    for (uint32_t i = 0; i < n; ++i) {  // a tone, and a level that differs between the sides
        const double phase = 2 * 3.14159265358979 * std::fmod(static_cast<double>(told.frame + i) * 220 / rate, 1);
        left[i] = static_cast<float>(0.2 * std::sin(phase));
        right[i] = static_cast<float>(0.1 * std::sin(phase));
    }
    Moment& m = moment;
    const double bar = m.num * 4.0 / m.den, bars = std::floor((m.beat - bars_from) / bar + 1e-9);
    m.bar_start = bars_from + bars * bar;
    m.bar = bars_before + static_cast<long long>(bars);
    m.ramp = ramp / rate;
    m.frame = told.frame;
    told.beat = m.beat;
    told.speed = m.bpm / 60 / rate;
    told.bend = m.ramp / 60 / rate;
    for (size_t k = 0; k < instances.size(); ++k) {
        told.instance = static_cast<int>(k);
        const double began = now();
        mark("rt_enter");
        instances[k]->process(in, out, n, m);
        mark("rt_leave");
        const double took = now() - began;
        ++calls;
        spent += took;
        if (took > longest) longest = took;
        instances[k]->sets.clear();
        if (std::memcmp(left, out_left, n * sizeof(float)) || std::memcmp(right, out_right, n * sizeof(float)))
            std::printf("X the sound was changed\n");
    }
    if (m.playing) {
        m.beat += told.speed * n + told.bend * n * static_cast<double>(n) / 2;
        m.bpm += m.ramp * n;
    }
    told.frame += n;
}

void run(double seconds, int block, double pace, int split) {
    const double began = now();
    const long long first = told.frame, end = first + std::llround(seconds * rate);
    unsigned odd = 1;
    Moment& m = moment;
    while (told.frame < end) {
        uint32_t n = static_cast<uint32_t>(std::abs(block));
        if (block < 0) {
            odd = odd * 1103515245u + 12345u;
            n = 1 + odd / 65536 % n;
        }
        const bool loops = m.playing && m.loop_end > m.loop_start;
        if (loops && split && m.beat < m.loop_end) {
            const double left = (m.loop_end - m.beat) / (m.bpm / 60 / rate);
            if (left < n) n = left < 1 ? 1 : static_cast<uint32_t>(std::llround(left));
        }
        process(n);
        if (loops && m.beat >= m.loop_end - 1e-9) m.beat -= m.loop_end - m.loop_start;
        if (pace == 1) {
            const double ahead = static_cast<double>(told.frame - first) / rate - (now() - began);
            if (ahead > 0) nap(ahead);
        } else if (pace > 0) {
            nap(pace / 1000);
        }
    }
}

std::unique_ptr<Side> made(const std::string& path) {
    if (path.rfind("vst3:", 0) == 0) return std::make_unique<Vst3Side>(path.substr(5));
    if (path.rfind("lv2:", 0) == 0) return std::make_unique<Lv2Side>(path.substr(4));
    return std::make_unique<ClapSide>(path);
}

}  // namespace

bool take_midi(uint32_t frame, const uint8_t* b) {
    if (full) return false;
    mark("rt_leave");
    const double i = frame;
    std::printf("E %d %lld %.9f %.12f %d %d %d\n", told.instance, told.frame + frame, told.beat + told.speed * i + told.bend * i * i / 2,
                told.speed + told.bend * i, b[0], b[1], b[2]);
    mark("rt_enter");
    return true;
}
void take_parameter(uint32_t frame, unsigned index, double value) {
    mark("rt_leave");
    std::printf("P %d %lld %u %f\n", told.instance, told.frame + frame, index, value);
    std::fflush(stdout);  // its time is measured
    mark("rt_enter");
}
bool is_full() { return full != 0; }

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    instances.push_back(made(argv[1]));
    size_t chosen = 0;
    char line[512], word[32], path[400];
    while (std::fgets(line, sizeof line, stdin) && std::sscanf(line, "%31s", word) == 1) {
        double a = 0, b = 0;
        int i = 0, k = 0, playing = 0;
        const std::string order = word;
        const char* rest = line + order.size();
        Side& side = *instances[chosen];
        if (order == "activate" && std::sscanf(rest, "%lf %d", &rate, &i) == 2)
            for (auto& each : instances) each->activate(rate, static_cast<uint32_t>(i));
        else if (order == "deactivate")
            for (auto& each : instances) each->deactivate();
        else if (order == "add") instances.push_back(made(argv[1]));
        else if (order == "at" && std::sscanf(rest, "%d", &i) == 1 && i >= 0 && i < static_cast<int>(instances.size())) chosen = static_cast<size_t>(i);
        else if (order == "transport" && std::sscanf(rest, "%d %lf %lf %d %d", &playing, &moment.bpm, &moment.beat, &moment.num, &moment.den) == 5) {
            moment.playing = playing != 0;
            bars_from = 0;
            bars_before = 0;
        } else if (order == "metre" && std::sscanf(rest, "%d %d", &i, &k) == 2) {
            bars_before = static_cast<int>(moment.bar + (moment.beat > moment.bar_start + 1e-6));
            bars_from = moment.beat;
            moment.num = i;
            moment.den = k;
        } else if (order == "loop" && std::sscanf(rest, "%lf %lf", &moment.loop_start, &moment.loop_end) == 2) ;
        else if (order == "ramp" && std::sscanf(rest, "%lf", &ramp) == 1) ;
        else if (order == "full" && std::sscanf(rest, "%d", &full) == 1) ;
        else if (order == "silent" && std::sscanf(rest, "%d", &i) == 1) moment.told = i == 0;
        else if (order == "of_quarters" && std::sscanf(rest, "%d", &i) == 1) moment.of_quarters = i != 0;
        else if (order == "offline" && std::sscanf(rest, "%d", &i) == 1)
            for (auto& each : instances) each->render(i != 0);
        else if (order == "set" && std::sscanf(rest, "%d %lf %d", &i, &a, &k) == 3)
            side.sets.push_back({static_cast<unsigned>(i), a, static_cast<uint32_t>(k)});
        else if (order == "value" && std::sscanf(rest, "%d", &i) == 1) std::printf("V %f\n", side.value(static_cast<unsigned>(i)));
        else if ((order == "save" || order == "load") && std::sscanf(rest, "%399s", path) == 1) {
            std::FILE* file = std::fopen(path, order == "save" ? "wb" : "rb");
            std::printf("V %d\n", order == "save" ? side.save(file) : side.load(file));
            std::fclose(file);
        } else if (order == "run" && std::sscanf(rest, "%lf %d %lf %d", &a, &i, &b, &k) == 4) run(a, i, b, k);
        else if (order == "quit") break;
        else {
            std::fprintf(stderr, "not understood: %s", line);
            return 2;
        }
        std::printf("ok\n");
        std::fflush(stdout);
    }
    for (auto& each : instances) each->deactivate();
    instances.clear();
    std::printf("T %lld %.3f %.3f\n", calls, calls ? spent / static_cast<double>(calls) * 1e6 : 0, longest * 1e6);
    mark("rt_report");
    std::fflush(stdout);
    return 0;
}
