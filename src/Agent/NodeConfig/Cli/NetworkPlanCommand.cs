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
        Option<string> name = new("--iface") { Description = "Interface, such as eth0.", Required = true };
        Option<string> method = new("--method") { Description = "dhcp or static.", Required = true };
        method.AcceptOnlyFromAmong("dhcp", "static");
        Option<string?> address = new("--address") { Description = "A.B.C.D/LEN; with static only." };
        Option<string?> gateway = new("--gateway") { Description = "The router's address." };
        Option<string?> dns = new("--dns") { Description = "Name servers, separated by commas; 3 at most." };
        Option<bool> json = new("--json") { Description = "Print JSON instead of a unified diff." };
        Command plan = new("plan", "Show what would be written to set an address, without doing it.") { root, name, method, address, gateway, dns, json };
        plan.Validators.Add(result =>
        {
            // Values that are missing or wrong are told by the options themselves.
            string? wished = result.GetResult(method)?.Tokens is [{ Value: { } value }] ? value : null;
            bool hasAddress = result.GetResult(address) is not null;
            if (wished == "static" && !hasAddress)
            {
                result.AddError("--method static needs --address A.B.C.D/LEN");
            }
            else if (wished == "dhcp" && (hasAddress || result.GetResult(gateway) is not null || result.GetResult(dns) is not null))
            {
                result.AddError("--method dhcp takes no --address, --gateway or --dns: the DHCP server gives them");
            }
        });
        plan.SetAction(result =>
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
                string interfaceName = result.GetValue(name)!;
                AddressWish wish = result.GetValue(method) == "dhcp"
                    ? AddressWish.Dhcp(interfaceName)
                    : AddressWish.Static(interfaceName, result.GetValue(address)!, result.GetValue(gateway), Split(result.GetValue(dns)));
                return output.Print(Plan(directory, wish));
            }
            catch (RefusalException e)
            {
                return output.Print(InterfacesChange.Refuse(e.Refusal));
            }
        });
        return plan;
    }

    private static InterfacesChange Plan(string root, AddressWish wish)
    {
        FileView files = FileView.OfDirectory(root);
        InterfaceFacts facts = InterfaceFacts.Read(files, wish.Interface);
        return InterfacesPlanner.Plan(InterfacesReader.Read(files), wish, facts.MacAddress, facts.HasDnsHook);
    }

    private static string[] Split(string? dns) => string.IsNullOrEmpty(dns) ? [] : dns.Split(',');

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
                    json.WriteString(path, ConfigText.Show(content));
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
                Console.Out.Write(UnifiedDiff.Of(path, ConfigText.Show(Before.Read(path) ?? []), ConfigText.Show(content)));
            }
        }
    }
}
