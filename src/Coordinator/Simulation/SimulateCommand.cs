using System.Collections.Immutable;
using System.CommandLine;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Simulation;

/// <summary><c>simulate FILE [--json]</c>: where would the scheduler put this, and why not elsewhere. Needs no cluster.</summary>
internal static class SimulateCommand
{
    private const int Done = ExitCodes.Ok;
    private const int Unreadable = ExitCodes.Configuration;
    private const int MostBytes = 64 << 20;

    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "JSON file with one case or a list of cases; - reads standard input" };
        Option<bool> json = new("--json") { Description = "answer as JSON" };
        Option<bool> explain = new("--explain") { Description = "with --json: add the scores and refusals of every node" };
        Command command = new("simulate", "Places the cases of a file with the cluster's scheduler and says why.") { file, json, explain };
        command.SetAction((parsed, cancel) => Run(
            parsed.GetValue(file)!, parsed.GetValue(json), parsed.GetValue(explain), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, cancel));
        return command;
    }

    internal static async Task<int> Run(string file, bool json, bool explain, TextWriter output, TextWriter errors, CancellationToken cancel)
    {
        ImmutableArray<SimulationCase> cases;
        try
        {
            cases = CaseReader.Read(await Load(file, cancel), out ImmutableArray<string> warnings);
            foreach (string warning in warnings)
            {
                await errors.WriteLineAsync($"{file}: {warning}");
            }
        }
        catch (Exception bad) when (bad is CaseFileException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            await errors.WriteLineAsync(bad is CaseFileException ? $"{file}: {bad.Message}" : $"cannot read {file}: {bad.Message}");
            return Unreadable;
        }
        if (json)
        {
            using MemoryStream answer = new();
            Simulator.WriteJson(cases, answer, explain);
            await output.WriteLineAsync(System.Text.Encoding.UTF8.GetString(answer.GetBuffer(), 0, (int)answer.Length));
        }
        else
        {
            Simulator.WriteText(cases, output);
        }
        return Done;
    }

    private static async Task<ReadOnlyMemory<byte>> Load(string file, CancellationToken cancel)
    {
        await using Stream source = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
        using MemoryStream content = new();
        byte[] buffer = new byte[81920];
        for (int read; (read = await source.ReadAsync(buffer, cancel)) > 0;)
        {
            content.Write(buffer, 0, read);
            if (content.Length > MostBytes)
            {
                throw new CaseFileException($"larger than {MostBytes >> 20} MiB");
            }
        }
        return content.GetBuffer().AsMemory(0, (int)content.Length);
    }
}
