/* A small CLAP host that does what standard input says, one order a line, and tells on standard output
 * what the plug-in did. Linux, and Windows under wine.
 *
 *   activate RATE MAX_BLOCK    deactivate    offline 0|1    save FILE    load FILE    value INDEX
 *   transport PLAYING BPM BEAT NUM DEN        loop START END (equal: none)    ramp BPM_PER_SECOND
 *   set INDEX VALUE FRAME      (with the next block)
 *   full 0|1                   (the event list refuses everything)
 *   run SECONDS BLOCK PACE SPLIT   PACE: 1 as fast as time, 0 as fast as possible, else ms a block;
 *                                  SPLIT: 1 cuts blocks at the loop's end, 0 lets them run over it
 *   quit
 *
 * Told: "E frame beat beats_per_frame b0 b1 b2" for MIDI, "P frame index value" for parameters,
 * "V value" for value, "ok" after each order. frame counts from activation. At the end "T calls mean_us
 * max_us" of process(), and with rt_check preloaded "R calls allocations locks system_calls".
 */
#define _GNU_SOURCE
#include <clap/entry.h>
#include <clap/events.h>
#include <clap/ext/params.h>
#include <clap/ext/state.h>
#include <clap/host.h>
#include <clap/plugin-factory.h>
#include <clap/plugin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#define OPEN(path) (void*)LoadLibraryA(path)
#define SYMBOL(library, name) (void*)GetProcAddress((HMODULE)(library), name)
static void nap(double s) { Sleep((DWORD)(s * 1000 + 0.5)); }
static double now(void) { LARGE_INTEGER c, f; QueryPerformanceCounter(&c); QueryPerformanceFrequency(&f); return (double)c.QuadPart / (double)f.QuadPart; }
static void mark(const char* name) { (void)name; }
#else
#include <dlfcn.h>
#include <time.h>
#define OPEN(path) dlopen(path, RTLD_NOW | RTLD_LOCAL)
#define SYMBOL(library, name) dlsym(library, name)
static void nap(double s) { struct timespec t = {(time_t)s, (long)((s - (time_t)s) * 1e9)}; nanosleep(&t, 0); }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }
static void mark(const char* name) { void (*f)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, name); if (f) f(); }
#endif

enum { MAX_BLOCK = 8192, MAX_SETS = 64 };
static double rate = 48000, beat, bpm = 120, ramp, loop_start, loop_end, block_beat, block_speed, block_bend;
static int playing, num = 4, den = 4, full, n_sets;
static long long frame;
static clap_event_param_value_t sets[MAX_SETS];
static const clap_plugin_t* plugin;
static long long calls;
static double spent, longest; /* in process() [s] */

static const void* get_extension(const clap_host_t* h, const char* id) { (void)h; (void)id; return 0; }
static void nothing(const clap_host_t* h) { (void)h; }
static uint32_t count_in(const clap_input_events_t* l) { (void)l; return (uint32_t)n_sets; }
static const clap_event_header_t* get_in(const clap_input_events_t* l, uint32_t i) { (void)l; return &sets[i].header; }
static bool push(const clap_output_events_t* l, const clap_event_header_t* e) {
    (void)l;
    if (full) return false;
    mark("rt_leave");
    if (e->type == CLAP_EVENT_MIDI) {
        const uint8_t* b = ((const clap_event_midi_t*)e)->data;
        const double i = e->time;
        printf("E %lld %.9f %.12f %d %d %d\n", frame + e->time, block_beat + block_speed * i + block_bend * i * i / 2, block_speed + block_bend * i, b[0], b[1], b[2]);
    } else if (e->type == CLAP_EVENT_PARAM_VALUE) {
        const clap_event_param_value_t* v = (const clap_event_param_value_t*)e;
        printf("P %lld %u %f\n", frame + e->time, v->param_id, v->value);
    }
    mark("rt_enter");
    return true;
}
static clap_beattime fixed(double beats) { return (clap_beattime)llround(beats * CLAP_BEATTIME_FACTOR); }

static void process(uint32_t n) {
    static float left[MAX_BLOCK], right[MAX_BLOCK], out_left[MAX_BLOCK], out_right[MAX_BLOCK];
    float *in[2] = {left, right}, *out[2] = {out_left, out_right};
    for (uint32_t i = 0; i < n; ++i) { /* a tone, and a level that differs between the sides */
        const double phase = 2 * 3.14159265358979 * fmod((double)(frame + i) * 220 / rate, 1);
        left[i] = (float)(0.2 * sin(phase)); right[i] = (float)(0.1 * sin(phase));
    }
    block_beat = beat; block_speed = bpm / 60 / rate; block_bend = ramp / 60 / rate / rate;
    clap_event_transport_t t = {{sizeof t, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0}, CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_TIME_SIGNATURE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    if (playing) t.flags |= CLAP_TRANSPORT_IS_PLAYING;
    t.song_pos_beats = fixed(beat); t.tempo = bpm; t.tempo_inc = ramp / rate; t.tsig_num = (uint16_t)num; t.tsig_denom = (uint16_t)den;
    t.bar_start = fixed(floor(beat / (num * 4.0 / den)) * (num * 4.0 / den));
    if (loop_end > loop_start) { t.flags |= CLAP_TRANSPORT_IS_LOOP_ACTIVE; t.loop_start_beats = fixed(loop_start); t.loop_end_beats = fixed(loop_end); }
    clap_audio_buffer_t a = {in, 0, 2, 0, 0}, b = {out, 0, 2, 0, 0};
    clap_input_events_t events = {0, count_in, get_in}; clap_output_events_t to = {0, push};
    clap_process_t io = {frame, n, &t, &a, &b, 1, 1, &events, &to};
    const double began = now();
    mark("rt_enter"); plugin->process(plugin, &io); mark("rt_leave");
    const double took = now() - began;
    ++calls; spent += took;
    if (took > longest) longest = took;
    n_sets = 0;
    if (memcmp(left, out_left, n * sizeof(float)) || memcmp(right, out_right, n * sizeof(float))) printf("X the sound was changed\n");
    if (playing) { beat += block_speed * n + block_bend * n * (double)n / 2; bpm += ramp * n / rate; }
    frame += n;
}
static void run(double seconds, int block, double pace, int split) {
    const double began = now();
    const long long first = frame, end = frame + llround(seconds * rate);
    unsigned odd = 1;
    while (frame < end) {
        uint32_t n = (uint32_t)abs(block);
        if (block < 0) { odd = odd * 1103515245u + 12345u; n = 1 + odd / 65536 % n; } /* varied */
        if (playing && loop_end > loop_start && split && beat < loop_end) {
            const double left = (loop_end - beat) / (bpm / 60 / rate);
            if (left < n) n = left < 1 ? 1 : (uint32_t)llround(left);
        }
        process(n);
        if (playing && loop_end > loop_start && beat >= loop_end - 1e-9) beat -= loop_end - loop_start;
        if (pace == 1) { const double ahead = (double)(frame - first) / rate - (now() - began); if (ahead > 0) nap(ahead); }
        else if (pace > 0) nap(pace / 1000);
    }
}
static int64_t write_file(const clap_ostream_t* s, const void* data, uint64_t n) { return (int64_t)fwrite(data, 1, n, s->ctx); }
static int64_t read_file(const clap_istream_t* s, void* data, uint64_t n) { return (int64_t)fread(data, 1, n, s->ctx); }
typedef struct { bool (*waits)(const clap_plugin_t*); bool (*set)(const clap_plugin_t*, int32_t); } render_t;

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    void* library = OPEN(argv[1]);
    if (!library) { fprintf(stderr, "cannot load %s\n", argv[1]); return 1; }
    const clap_plugin_entry_t* entry = SYMBOL(library, "clap_entry");
    if (!entry || !entry->init(argv[1])) return 1;
    const clap_plugin_factory_t* factory = entry->get_factory(CLAP_PLUGIN_FACTORY_ID);
    clap_host_t host = {CLAP_VERSION_INIT, 0, "test host", "", "", "1", get_extension, nothing, nothing, nothing};
    plugin = factory->create_plugin(factory, &host, factory->get_plugin_descriptor(factory, 0)->id);
    if (!plugin || !plugin->init(plugin)) return 1;
    const clap_plugin_params_t* params = plugin->get_extension(plugin, CLAP_EXT_PARAMS);
    const clap_plugin_state_t* state = plugin->get_extension(plugin, CLAP_EXT_STATE);
    const render_t* render = plugin->get_extension(plugin, "clap.render");
    char line[512], word[32], path[400];
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%31s", word) == 1) {
        double a = 0, b = 0, c = 0; int i = 0, k = 0; const char* rest = line + strlen(word);
        if (!strcmp(word, "activate") && sscanf(rest, "%lf %d", &rate, &i) == 2) { plugin->activate(plugin, rate, 1, (uint32_t)i); plugin->start_processing(plugin); }
        else if (!strcmp(word, "deactivate")) { plugin->stop_processing(plugin); plugin->deactivate(plugin); }
        else if (!strcmp(word, "transport") && sscanf(rest, "%d %lf %lf %d %d", &playing, &bpm, &beat, &num, &den) == 5) ;
        else if (!strcmp(word, "loop") && sscanf(rest, "%lf %lf", &loop_start, &loop_end) == 2) ;
        else if (!strcmp(word, "ramp") && sscanf(rest, "%lf", &ramp) == 1) ;
        else if (!strcmp(word, "full") && sscanf(rest, "%d", &full) == 1) ;
        else if (!strcmp(word, "offline") && sscanf(rest, "%d", &i) == 1) render->set(plugin, i);
        else if (!strcmp(word, "set") && sscanf(rest, "%d %lf %d", &i, &a, &k) == 3 && n_sets < MAX_SETS) {
            clap_event_param_value_t e = {{sizeof e, (uint32_t)k, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, 0}, (clap_id)i, 0, -1, -1, -1, -1, a};
            sets[n_sets++] = e;
        }
        else if (!strcmp(word, "value") && sscanf(rest, "%d", &i) == 1 && params->get_value(plugin, (clap_id)i, &a)) printf("V %f\n", a);
        else if (!strcmp(word, "save") && sscanf(rest, "%399s", path) == 1) { FILE* f = fopen(path, "wb"); clap_ostream_t s = {f, write_file}; printf("V %d\n", state->save(plugin, &s)); fclose(f); }
        else if (!strcmp(word, "load") && sscanf(rest, "%399s", path) == 1) { FILE* f = fopen(path, "rb"); clap_istream_t s = {f, read_file}; printf("V %d\n", state->load(plugin, &s)); fclose(f); }
        else if (!strcmp(word, "run") && sscanf(rest, "%lf %d %lf %d", &a, &i, &b, &k) == 4) run(a, i, b, k);
        else if (!strcmp(word, "quit")) break;
        else { fprintf(stderr, "not understood: %s", line); return 2; }
        (void)c; printf("ok\n"); fflush(stdout);
    }
    plugin->stop_processing(plugin); plugin->deactivate(plugin); plugin->destroy(plugin); entry->deinit();
    printf("T %lld %.3f %.3f\n", calls, calls ? spent / calls * 1e6 : 0, longest * 1e6);
    mark("rt_report"); fflush(stdout);
    return 0;
}
