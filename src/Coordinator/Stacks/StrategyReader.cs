namespace RpiAgent.Coordinator.Stacks;

/// <summary>Our own extension field: <c>x-rpi-strategy: spread|binpack|random</c>, for the whole file or one service.</summary>
internal static class StrategyReader
{
    private const string Key = "x-rpi-strategy";

    public static string? Read(Section section)
    {
        string? strategy = section.Text(Key);
        if (strategy is not (null or "spread" or "binpack" or "random"))
        {
            section.Problem(Key, $"'{strategy}' is not spread, binpack or random");
        }

        return strategy;
    }
}
