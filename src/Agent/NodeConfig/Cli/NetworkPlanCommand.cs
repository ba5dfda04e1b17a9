using System.CommandLine;
using System.Text.Json;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;
using RpiAgent.Agent.NodeConfig.Wifi;
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

    private static async Task<InterfacesChange> PlanAsync(string root, AddressWish wish, CancellationToken cancel)
    {
        AgentOptions options = new() { Root = root };
        CommandRunner commands = new(TimeProvider.System);
        FileView files = FileView.OfDirectory(root);
        InterfacesModel interfaces = InterfacesReader.Read(files);
        NetworkManagement management = await new BackendDetection(options, commands).DetectAsync(wish.Interface, interfaces, cancel);
        if (management.Refuse() is { } refusal)
        {
            return InterfacesChange.Refuse(refusal);
        }

        CloudInit cloudInit = CloudInit.Read(files);
        if (management.Backend == NetworkBackend.NetworkManager)
        {
            ProfileChange change = ProfilePlanner.Plan(await new ProfileInspector(options, commands).InspectAsync(wish.Interface, cancel), wish);
            return new InterfacesChange(change.Refusal, change.Files, [.. change.Warnings, .. cloudInit.Warnings(change.Files)]);
        }

        return NodePlanner.PlanInterfaces(interfaces, InterfaceFacts.Read(files, wish.Interface), files.Read(WpaConfiguration.PathOf(wish.Interface)), cloudInit, wish);
    }

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
