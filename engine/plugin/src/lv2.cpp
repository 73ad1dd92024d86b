// The plug-in for LV2, wrapped by DPF (DISTRHO Plugin Framework).
//
// LV2 and DPF hand on no quarter notes, loops or offline flag: the position is worked back from bar
// and beat, loops are learnt by the core, a bounce needs the parameter "Wait".
#include "DistrhoPlugin.hpp"
#include "core.hpp"

START_NAMESPACE_DISTRHO

using parameters::COUNT;
using parameters::TABLE;

class StimmungPlugin : public Plugin {
public:
    StimmungPlugin() : Plugin(COUNT, 0, 0) {}

protected:
    const char* getLabel() const override { return "Stimmung"; }
    const char* getMaker() const override { return "Stimmung"; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }
    uint32_t getVersion() const override { return d_version(0, 2, 0); }
    int64_t getUniqueId() const override { return d_cconst('S', 't', 'm', 'g'); }

    void initParameter(uint32_t index, Parameter& parameter) override {
        if (index == parameters::BYPASS) return parameter.initDesignation(kParameterDesignationBypass);
        const auto& p = TABLE[index];
        parameter.name = p.name;
        parameter.symbol = p.symbol;
        parameter.hints = p.output ? kParameterIsOutput : kParameterIsAutomatable;
        if (p.whole) parameter.hints |= kParameterIsInteger;
        if (p.whole && p.low == 0 && p.high == 1 && !p.n_labels) parameter.hints |= kParameterIsBoolean;
        parameter.ranges = ParameterRanges(p.initial, p.low, p.high);
        if (p.n_labels) {
            auto* values = new ParameterEnumerationValue[p.n_labels];  // DPF deletes them
            for (unsigned i = 0; i < p.n_labels; ++i) values[i] = {static_cast<float>(i), p.labels[i]};
            parameter.enumValues.count = static_cast<uint8_t>(p.n_labels);
            parameter.enumValues.restrictedMode = true;
            parameter.enumValues.values = values;
        }
    }
    float getParameterValue(uint32_t index) const override { return core_.value(index); }
    void setParameterValue(uint32_t index, float value) override { core_.set(index, value); }

    void activate() override { core_.start(getSampleRate(), getBufferSize()); }
    void deactivate() override { core_.stop(); }

    void run(const float** in, float** out, uint32_t frames) override {
        for (int c = 0; c < 2; ++c)
            if (out[c] != in[c]) std::memmove(out[c], in[c], frames * sizeof(float));
        core_.process(in[0], in[1], frames, transport(), [this](uint32_t frame, const uint8_t* b, uint32_t n) {
            MidiEvent event{};
            event.frame = frame;
            event.size = n;
            std::memcpy(event.data, b, n);
            return writeMidiEvent(event);
        });
    }

private:
    Core core_{"LV2"};

    Transport transport() const {
        const TimePosition& host = getTimePosition();
        const auto& b = host.bbt;
        Transport t;
        t.playing = host.playing;
        t.has_beat = b.valid;
        if (!b.valid) return t;
        t.bpm = b.beatsPerMinute > 0 ? b.beatsPerMinute : 120;
        t.numerator = static_cast<uint16_t>(b.beatsPerBar);
        t.denominator = static_cast<uint16_t>(b.beatType);
        const double within = b.beat - 1 + b.tick / b.ticksPerBeat;
        t.rounds = true;
        t.early_bar = b.beatsPerBar * 4.0 / b.beatType;  // DPF may count it a block early
        t.bar_start = (b.bar - 1) * t.early_bar;
        t.beat = t.bar_start + within * 4.0 / b.beatType;
        return t;
    }

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(StimmungPlugin)
};

Plugin* createPlugin() { return new StimmungPlugin; }

END_NAMESPACE_DISTRHO
