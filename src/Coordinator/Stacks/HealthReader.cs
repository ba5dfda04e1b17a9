using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads <c>healthcheck:</c>.</summary>
internal static class HealthReader
{
    public static HealthProbe? Read(Section service)
    {
        if (service.Open("healthcheck", ComposeKeys.Health) is not { } health)
        {
            return null;
        }

        ImmutableArray<string> test = Test(health);
        if (health.Flag("disable") == true)
        {
            return new HealthProbe(["NONE"], null, null, null, null);
        }

        if (test.IsEmpty && health.Has("test"))
        {
            return null;
        }

        // Without a test the image's own is kept and only its timing changes: an empty test inherits.
        return new HealthProbe(test, Least(health, "interval"), Least(health, "timeout"), health.Duration("start_period"), health.Whole("retries"));
    }

    private static ImmutableArray<string> Test(Section health)
    {
        if (health.Item("test") is YamlText text)
        {
            return text.Value.Trim().Length == 0 ? Refuse("an empty test") : text.Value == "NONE" ? ["NONE"] : ["CMD-SHELL", text.Value];
        }

        ImmutableArray<string> words = [.. health.Texts("test").Select(word => word.Value)];
        return words switch
        {
            [] => health.Item("test") is YamlList ? Refuse("an empty list") : [],
            ["NONE"] => words,
            ["CMD", _, ..] => words,
            ["CMD-SHELL", _] => words,
            _ => Refuse("a list begins with CMD and words, CMD-SHELL and one text, or is NONE"),
        };

        ImmutableArray<string> Refuse(string what)
        {
            health.Problem("test", what);
            return [];
        }
    }

    /// <summary>The engine takes 0 for its default and refuses less than a millisecond.</summary>
    private static TimeSpan? Least(Section health, string key)
    {
        TimeSpan? time = health.Duration(key);
        if (time is { } given && given != TimeSpan.Zero && given < TimeSpan.FromMilliseconds(1))
        {
            health.Problem(key, "shorter than a millisecond");
        }

        return time;
    }
}
