namespace RpiAgent.Tests.PowerCutNode;

/// <summary>Makes one change in a folder that stands for a node's root. The power-cut test runs it under strace and cuts it everywhere.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is not [string name, string root] || Scenario.All.FirstOrDefault(item => item.Name == name) is not { } scenario)
        {
            await Console.Error.WriteLineAsync($"usage: power-cut-node SCENARIO ROOT; scenarios: {string.Join(", ", Scenario.All.Select(item => item.Name))}");
            return 64;
        }

        await scenario.ChangeAsync(root);
        return 0;
    }
}
