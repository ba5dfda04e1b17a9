using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Reads <c>steps[]</c> and <c>expect</c> of a sequence.</summary>
internal static class StepReader
{
    private const int MostCopies = 100_000;
    private static readonly string[] s_step = ["op", "count", "request", "container", "node"];

    public static SequenceStep Step(CaseValue value, IReadOnlySet<string> nodes, List<string> unread)
    {
        CaseReader.Unread(value, s_step, unread);
        StepKind kind = value["op"].RequiredText() switch
        {
            "run" => StepKind.Run,
            "create" => StepKind.Create,
            "exit" => StepKind.Exit,
            "remove" => StepKind.Remove,
            "powerOff" => StepKind.PowerOff,
            "shutdown" => StepKind.Shutdown,
            "powerOn" => StepKind.PowerOn,
            "hiccup" => StepKind.Hiccup,
            _ => throw value["op"].Bad("run, create, exit, remove, powerOff, shutdown, powerOn or hiccup"),
        };
        int count = (int)value["count"].Whole(1, 0, MostCopies);
        if (kind is StepKind.Run or StepKind.Create)
        {
            return new(kind, count, "", RequestReader.Request(value["request"].Object(), unread));
        }
        CaseValue target = value[kind is StepKind.Exit or StepKind.Remove ? "container" : "node"];
        string name = target.RequiredText();
        return kind is StepKind.Exit or StepKind.Remove || nodes.Contains(name)
            ? new(kind, count, name, null) : throw target.Wrong($"there is no node called {name}");
    }

    public static SequenceExpectation? Expectation(CaseValue value) => !value.Exists ? null : new(
        Keys(value["containers"]), Keys(value["counts"]), value["countsSorted"].Exists, value["errors"].Exists);

    private static ImmutableArray<string>? Keys(CaseValue value) => value.Exists ? [.. value.Members().Select(m => m.Key)] : null;
}
