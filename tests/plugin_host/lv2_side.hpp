// An LV2 plug-in in the host: bars and beats as single-precision numbers, no loop, as LV2 has it.
#pragma once
#include "lv2/atom-forge.h"
#include "lv2/atom-util.h"
#include "lv2/lv2.h"
#include "lv2/midi.h"
#include "lv2/time.h"
#include "lv2/urid.h"
#include "side.hpp"

class Lv2Side : public Side {
public:
    explicit Lv2Side(const std::string& path) {
        using Describe = const LV2_Descriptor* (*)(uint32_t);
        const auto describe = reinterpret_cast<Describe>(symbol(library_of(path), "lv2_descriptor"));
        if (!describe || !(descriptor_ = describe(0))) std::exit(1);
        map_ = {this, [](LV2_URID_Map_Handle side, const char* uri) { return static_cast<Lv2Side*>(side)->number(uri); }};
        lv2_atom_forge_init(&forge_, &map_);
        midi_ = number(LV2_MIDI__MidiEvent);
        for (unsigned i = 0; i < parameters::COUNT; ++i) ports_[i] = parameters::TABLE[i].initial;
        ports_[parameters::BYPASS] = 1;  // "enabled"
    }
    ~Lv2Side() override {
        if (handle_) descriptor_->cleanup(handle_);
    }
    void render(bool offline) override { freewheel_ = offline; }
    void activate(double rate, uint32_t) override {
        if (handle_ && rate != rate_) {
            descriptor_->cleanup(handle_);
            handle_ = nullptr;
        }
        if (!handle_) {
            const LV2_Feature urid = {LV2_URID__map, &map_};
            const LV2_Feature* const features[] = {&urid, nullptr};
            if (!(handle_ = descriptor_->instantiate(descriptor_, rate, "", features))) std::exit(1);
        }
        rate_ = rate;
        descriptor_->connect_port(handle_, 4, in_);
        descriptor_->connect_port(handle_, 5, out_);
        descriptor_->connect_port(handle_, 6, &freewheel_);
        for (unsigned i = 0; i < parameters::COUNT; ++i) descriptor_->connect_port(handle_, 7 + i, &ports_[i]);
        descriptor_->activate(handle_);
        active_ = true;
    }
    void deactivate() override {
        if (active_) descriptor_->deactivate(handle_);
        active_ = false;
    }
    void process(float** in, float** out, uint32_t frames, const Moment& m) override {
        for (const Set& set : sets)  // one value a block
            ports_[set.index] = static_cast<float>(set.index == parameters::BYPASS ? 1 - set.value : set.value);
        for (uint32_t c = 0; c < 2; ++c) {
            descriptor_->connect_port(handle_, c, in[c]);
            descriptor_->connect_port(handle_, 2 + c, out[c]);
        }
        tell(m);
        auto* events = reinterpret_cast<LV2_Atom_Sequence*>(out_);
        events->atom = {is_full() ? 8u : static_cast<uint32_t>(sizeof out_ - sizeof(LV2_Atom)), 0};
        descriptor_->run(handle_, frames);
        LV2_ATOM_SEQUENCE_FOREACH(events, event) {
            if (event->body.type != midi_) continue;
            uint8_t bytes[3] = {};
            std::memcpy(bytes, &event->body + 1, event->body.size < 3 ? event->body.size : 3);
            take_midi(static_cast<uint32_t>(event->time.frames), bytes);
        }
        for (unsigned i = 0; i < parameters::COUNT; ++i) {
            if (!parameters::TABLE[i].output || ports_[i] == shown_[i]) continue;
            take_parameter(0, i, shown_[i] = ports_[i]);
        }
    }
    double value(unsigned index) override { return index == parameters::BYPASS ? 1 - ports_[index] : ports_[index]; }
    bool save(std::FILE* file) override {  // the host keeps the ports
        for (unsigned i = 0; i < parameters::COUNT; ++i)
            if (!parameters::TABLE[i].output) std::fprintf(file, "%s %f\n", parameters::TABLE[i].symbol, value(i));
        return true;
    }
    bool load(std::FILE* file) override {
        char name[64];
        double value = 0;
        while (std::fscanf(file, "%63s %lf", name, &value) == 2)
            for (unsigned i = 0; i < parameters::COUNT; ++i)
                if (!std::strcmp(name, parameters::TABLE[i].symbol)) ports_[i] = static_cast<float>(i == parameters::BYPASS ? 1 - value : value);
        return true;
    }

private:
    const LV2_Descriptor* descriptor_;
    LV2_Handle handle_ = nullptr;
    LV2_URID_Map map_;
    LV2_Atom_Forge forge_;
    LV2_URID midi_;
    std::vector<std::string> words_;
    double rate_ = 0;
    bool active_ = false;
    float freewheel_ = 0, ports_[parameters::COUNT], shown_[parameters::COUNT] = {};
    alignas(8) uint8_t in_[4096], out_[16384];

    LV2_URID number(const char* uri) {
        for (size_t i = 0; i < words_.size(); ++i)
            if (words_[i] == uri) return static_cast<LV2_URID>(i + 1);
        words_.push_back(uri);
        return static_cast<LV2_URID>(words_.size());
    }
    void tell(const Moment& m) {
        lv2_atom_forge_set_buffer(&forge_, in_, sizeof in_);
        LV2_Atom_Forge_Frame sequence, position;
        lv2_atom_forge_sequence_head(&forge_, &sequence, 0);
        if (m.told) {
            double beats = m.beat * m.den / 4;
            const double start = m.bar_start * m.den / 4, whole = std::floor(beats + 1e-9);
            if (m.of_quarters) beats = whole + (beats - whole) * 4 / m.den;
            lv2_atom_forge_frame_time(&forge_, 0);
            lv2_atom_forge_object(&forge_, &position, 0, number(LV2_TIME__Position));
            const auto put = [this](const char* key, double value) {
                lv2_atom_forge_key(&forge_, number(key));
                lv2_atom_forge_float(&forge_, static_cast<float>(value));
            };
            lv2_atom_forge_key(&forge_, number(LV2_TIME__bar));
            lv2_atom_forge_long(&forge_, m.bar);
            lv2_atom_forge_key(&forge_, number(LV2_TIME__beatUnit));
            lv2_atom_forge_int(&forge_, m.den);
            put(LV2_TIME__barBeat, beats - start);
            put(LV2_TIME__beatsPerBar, m.num);
            put(LV2_TIME__beatsPerMinute, m.bpm);
            put(LV2_TIME__speed, m.playing);
            lv2_atom_forge_pop(&forge_, &position);
        }
        lv2_atom_forge_pop(&forge_, &sequence);
    }
};
