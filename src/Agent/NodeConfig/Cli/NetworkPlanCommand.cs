using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary><c>rpi-agent network plan</c>: what would be written, without writing it.</summary>
internal static class NetworkPlanCommand
{
    public static Command Create()
    {
        Option<string> root = new("--root") { Description = "Folder that the node's files lie in.", DefaultValueFactory = _ => "/" };
        WishOptions wish = new();
        Option<bool> json = new("--json") { Description = "Print JSON instead of a unified diff." };
        Command plan = new("plan", "Show what would be written to set an address, without doing it.") { root, json };
        wish.AddTo(plan);
        plan.SetAction(async (result, cancel) =>
        {
            string directory = Path.GetFullPath(result.GetValue(root)!);
            if (!Directory.Exists(directory))
            {
                Console.Error.WriteLine($"--root {directory} is not a folder");
                return ExitCodes.Usage;
            }

            PlanOutput output = new(result.GetValue(json), FileView.OfDirectory(directory));
            try
            {
                return output.Print(await PlanAsync(directory, wish.Read(result), cancel));
            }
            catch (RefusalException e)
            {
                return output.Print(InterfacesChange.Refuse(e.Refusal));
            }
        });
        return plan;
    }

    /// <summary>The same plan as that of <c>network set</c>.</summary>
    private static async Task<InterfacesChange> PlanAsync(string root, AddressWish wish, CancellationToken cancel)
    {
        NodeState present = await new NodeInspector(new AgentOptions { Root = root }, new CommandRunner(TimeProvider.System)).InspectAsync(wish.Interface, cancel);
        if (root != "/")
        {
            // A tree may be but a part of a node's, and nothing is written there.
            present = present with { RootIsVolatile = false, Resolv = present.Resolv with { IsKnown = present.Resolv is not { Content: null, LinkTarget: null } } };
        }

        NodePlan plan = NodePlanner.Plan(present, new NodeSpec("", wish, []));
        FileView files = FileView.OfDirectory(root);
        return new InterfacesChange(plan.Refusal, plan.Steps.SelectMany(Files).Where(file => !file.Value.AsSpan().SequenceEqual(files.Read(file.Key))).ToImmutableSortedDictionary(StringComparer.Ordinal), plan.Warnings);
    }

    private static IEnumerable<KeyValuePair<string, byte[]>> Files(NodeStep step) => step switch
    {
        ChangeAddress change => change.Files,
        WriteFile write => [new(write.Path, write.Content)],
        _ => [],
    };

    private sealed record PlanOutput(bool IsJson, FileView Before)
    {
        public int Print(InterfacesChange change)
        {
            if (IsJson)
            {
                using Stream stdout = Console.OpenStandardOutput();
                using (Utf8JsonWriter json = new(stdout))
                {
                    Write(json, change);
                }

                stdout.Write("\n"u8);
            }
            else
            {
                Explain(change);
            }

            return change.Refusal is null ? ExitCodes.Ok : ExitCodes.Configuration;
        }

        private static void Write(Utf8JsonWriter json, InterfacesChange change)
        {
            json.WriteStartObject();
            if (change.Refusal is { } refusal)
            {
                json.WriteString("error", refusal.Code);
                json.WriteString("at", refusal.At);
                json.WriteString("message", refusal.Message);
            }
            else
            {
                json.WriteString("result", change.IsChanged ? "changed" : "unchanged");
                json.WriteStartObject("files");
                foreach ((string path, byte[] content) in change.Files)
                {
                    // interfaces(5) byte for byte, as it would be written; of files that only root may read, not the keys.
                    json.WriteString(path, path.StartsWith("/etc/network/", StringComparison.Ordinal) ? ConfigText.Show(content) : ConfigText.ShowWithoutSecrets(content));
                }

                json.WriteEndObject();
                json.WriteStartArray("warnings");
                foreach (string warning in change.Warnings)
                {
                    json.WriteStringValue(warning);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        private void Explain(InterfacesChange change)
        {
            if (change.Refusal is { } refusal)
            {
                Console.Error.WriteLine($"{refusal.Code}: {refusal.Message}");
                return;
            }

            foreach (string warning in change.Warnings)
            {
                Console.Error.WriteLine($"warning: {warning}");
            }

            if (!change.IsChanged)
            {
                Console.Error.WriteLine("unchanged: it is so already");
            }

            foreach ((string path, byte[] content) in change.Files)
            {
                Console.Out.Write(UnifiedDiff.Of(path, ConfigText.ShowWithoutSecrets(Before.Read(path) ?? []), ConfigText.ShowWithoutSecrets(content)));
            }
        }
    }
}
